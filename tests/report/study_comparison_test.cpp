#include "wattune/report/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample_study.hpp"
#include "support/must.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

/// Trials of these (accuracy, joules), one after the other.
SampleStudy study_of(const std::vector<std::pair<double, double>>& trials,
                     std::string strategy = "test", std::uint64_t seed = 1) {
  trial::Problem problem = SampleStudy::problem();
  problem.strategy = std::move(strategy);
  problem.seed = seed;
  SampleStudy study(problem);
  for (const auto& [accuracy, joules] : trials) {
    study.run(study.create(), 4.0, accuracy, joules, trial::Outcome::Completed);
  }
  study.apply(trial::SessionEnded{trial::EndReason::Finished, "done"});
  return study;
}

Json compared(const std::vector<const SampleStudy*>& studies,
              const ComparisonOptions& options = {}) {
  std::vector<ComparedStudy> list;
  for (std::size_t i = 0; i < studies.size(); ++i) {
    list.push_back({std::string(1, static_cast<char>('a' + i)), &studies[i]->record()});
  }
  return must(comparison_document(list, options));
}

TEST(Comparison, TellsTheJoulesUntilAQualityAndTheirRatio) {
  const SampleStudy slow = study_of({{0.5, 100.0}, {0.7, 100.0}, {0.9, 200.0}});
  const SampleStudy fast = study_of({{0.6, 50.0}, {0.8, 50.0}});
  ComparisonOptions options;
  options.qualities = {0.6, 0.8, 0.9};
  const Json rows = compared({&slow, &fast}, options)["to_quality"];
  EXPECT_EQ(rows[0]["joules"][0]["value"], 200.0);
  EXPECT_EQ(rows[0]["joules"][1]["value"], 50.0);
  EXPECT_EQ(rows[0]["ratios"][1], 0.25);
  EXPECT_EQ(rows[1]["joules"][0]["value"], 400.0);
  EXPECT_EQ(rows[1]["joules"][1]["value"], 100.0);
  EXPECT_TRUE(rows[2]["joules"][1]["value"].is_null());
  EXPECT_TRUE(rows[2]["ratios"][1].is_null());
}

TEST(Comparison, ChoosesQualitiesThatAllReachAndTheBest) {
  const SampleStudy slow = study_of({{0.5, 100.0}, {0.9, 200.0}});
  const SampleStudy fast = study_of({{0.6, 50.0}, {0.8, 50.0}});
  const Json rows = compared({&slow, &fast})["to_quality"];
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_NEAR(rows[0]["quality"].get<double>(), 0.65, 1e-12);  // half way from 0.5 to 0.8
  EXPECT_EQ(rows[3]["quality"], 0.8);
  EXPECT_EQ(rows[4]["quality"], 0.9);
}

TEST(Comparison, TellsQualityRegretAndHypervolumeAfterTheSameJoules) {
  const SampleStudy slow = study_of({{0.5, 100.0}, {0.9, 100.0}});
  const SampleStudy fast = study_of({{0.6, 50.0}, {0.8, 50.0}});
  ComparisonOptions options;
  options.joules = {60.0, 100.0};
  options.reference = {0.0, 200.0};
  const Json rows = compared({&slow, &fast}, options)["at_joules"];
  EXPECT_TRUE(rows[0]["qualities"][0]["value"].is_null());
  EXPECT_EQ(rows[0]["qualities"][1]["value"], 0.6);
  EXPECT_EQ(rows[1]["qualities"][0]["value"], 0.5);
  EXPECT_EQ(rows[1]["qualities"][1]["value"], 0.8);
  EXPECT_NEAR(rows[1]["regrets"][0]["value"].get<double>(), 0.4, 1e-12);
  EXPECT_NEAR(rows[1]["regrets"][1]["value"].get<double>(), 0.1, 1e-12);
  EXPECT_NEAR(rows[1]["hypervolumes"][0]["value"].get<double>(), 0.5 * 100.0, 1e-9);
  EXPECT_NEAR(rows[1]["hypervolumes"][1]["value"].get<double>(), 0.8 * 150.0, 1e-9);
}

TEST(Comparison, TheRegretIsHeldAgainstAKnownBestWhereOneIsGiven) {
  const SampleStudy left = study_of({{0.5, 100.0}});
  const SampleStudy right = study_of({{0.6, 100.0}});
  ComparisonOptions options;
  options.best_known = 0.95;
  const Json document = compared({&left, &right}, options);
  EXPECT_NEAR(document["studies"][1]["curve"][0]["regret"].get<double>(), 0.35, 1e-12);
  EXPECT_EQ(document["best"]["given"], true);
}

TEST(Comparison, TheAreaBeginsWhereAllHaveAResultAndEndsWithTheShortest) {
  const SampleStudy left = study_of({{0.5, 100.0}, {0.9, 100.0}, {0.1, 100.0}});
  const SampleStudy right = study_of({{0.6, 50.0}, {0.8, 200.0}});
  const Json area = compared({&left, &right})["area"];
  EXPECT_EQ(area["from"], 100.0);
  EXPECT_EQ(area["to"], 250.0);
  EXPECT_NEAR(area["mean_qualities"][0]["value"].get<double>(), (100 * 0.5 + 50 * 0.9) / 150, 1e-9);
  EXPECT_NEAR(area["mean_qualities"][1]["value"].get<double>(), 0.6, 1e-9);
}

TEST(Comparison, GroupsTheSeedsOfAStrategyByMedianAndRange) {
  const SampleStudy a = study_of({{0.8, 100.0}}, "ours", 1);
  const SampleStudy b = study_of({{0.8, 300.0}}, "ours", 2);
  const SampleStudy c = study_of({{0.7, 200.0}}, "ours", 3);
  const SampleStudy d = study_of({{0.8, 400.0}}, "theirs", 1);
  ComparisonOptions options;
  options.by_strategy = true;
  options.qualities = {0.8};
  const Json document = compared({&a, &b, &c, &d}, options);
  ASSERT_EQ(document["series"].size(), 2U);
  EXPECT_EQ(document["series"][0]["label"], "ours");
  const Json& ours = document["to_quality"][0]["joules"][0];
  EXPECT_EQ(ours["value"], 300.0);  // of 100, 300 and never
  EXPECT_EQ(ours["best"], 100.0);
  EXPECT_TRUE(ours["worst"].is_null());
  EXPECT_EQ(ours["num_known"], 2);
  EXPECT_NEAR(document["to_quality"][0]["ratios"][1].get<double>(), 4.0 / 3.0, 1e-12);
  // The median is known once two of three know something: from 200 J on, 0.7 of 0.8, 0.7, nothing.
  const Json& curve = document["series"][0]["curve"];
  EXPECT_EQ(curve[0]["energy"], 200.0);
  EXPECT_EQ(curve[0]["value"], 0.7);
  EXPECT_EQ(curve[1]["value"], 0.8);
}

TEST(Comparison, ASavingIsToldOnlyWhereTheQualityIsTheSame) {
  const SampleStudy baseline = study_of({{0.90, 1'000.0}});
  const SampleStudy close = study_of({{0.892, 300.0}});
  const SampleStudy far = study_of({{0.85, 100.0}});
  const Json savings = compared({&baseline, &close, &far})["savings"];
  EXPECT_EQ(savings[0]["comparable"], true);
  EXPECT_NEAR(savings[0]["percent"].get<double>(), 70.0, 1e-9);
  EXPECT_EQ(savings[1]["comparable"], false);
  EXPECT_FALSE(savings[1].contains("percent"));
  EXPECT_THAT(savings[1]["why_not"].get<std::string>(), HasSubstr("0.05 behind 0.9"));
}

TEST(Comparison, ALossMayBeTwoPercentLarger) {
  trial::Problem problem = SampleStudy::problem();
  problem.objectives = {{trial::measure_from_text("accuracy"), trial::Direction::Minimize}};
  const auto made = [&](double loss, double joules) {
    SampleStudy study(problem);
    study.run(study.create(), 4.0, loss, joules, trial::Outcome::Completed);
    return study;
  };
  const SampleStudy baseline = made(100.0, 1'000.0);
  const SampleStudy close = made(101.9, 500.0);
  const SampleStudy far = made(102.1, 500.0);
  const Json savings = compared({&baseline, &close, &far})["savings"];
  EXPECT_EQ(savings[0]["comparable"], true);
  EXPECT_EQ(savings[1]["comparable"], false);
  EXPECT_THAT(savings[1]["why_not"].get<std::string>(), HasSubstr("more than 2 %"));
}

TEST(Comparison, RefusesStudiesOfDifferentProblemsButNotOfDifferentSeeds) {
  const SampleStudy left = study_of({{0.5, 100.0}}, "test", 1);
  const SampleStudy other_seed = study_of({{0.5, 100.0}}, "test", 2);
  trial::Problem problem = SampleStudy::problem();
  problem.resource.max = 8.0;
  const SampleStudy longer(problem);
  const std::vector<ComparedStudy> fine{{"l", &left.record()}, {"r", &other_seed.record()}};
  EXPECT_TRUE(comparison_document(fine, {}));
  const std::vector<ComparedStudy> wrong{{"l", &left.record()}, {"r", &longer.record()}};
  const auto refused = comparison_document(wrong, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("l and r are studies of different problems"));
  EXPECT_THAT(refused.error().message, HasSubstr("resource"));
}

TEST(Comparison, WarnsOfWhatMakesJoulesIncomparable) {
  const SampleStudy left = study_of({{0.5, 100.0}});
  trial::Problem problem = SampleStudy::problem();
  problem.command = "false";
  SampleStudy right(problem);
  right.apply(trial::SessionStarted{R"({"host": {"name": "other"}})"});
  const Json warnings = compared({&left, &right})["warnings"];
  const std::string text = warnings.dump();
  EXPECT_THAT(text, HasSubstr("the commands differ"));
  EXPECT_THAT(text, HasSubstr("different machines"));
  EXPECT_THAT(text, HasSubstr("b has not ended"));
}

TEST(StagesJson, TellsWhatWasExplored) {
  SampleStudy study;
  const TrialId probe = study.create(trial::Origin::Probe, trial::Purpose::Probe);
  study.run(probe, 1.0, 0.1, 10.0, trial::Outcome::Stopped, trial::Stage::Probe);
  const TrialId trial = study.create();
  study.run(trial, 1.0, 0.2, 20.0, trial::Outcome::Paused);
  study.run(trial, 2.0, 0.2, 30.0, trial::Outcome::Paused, trial::Stage::Exploration, 1);
  study.run(trial, 4.0, 0.2, 40.0, trial::Outcome::Completed, trial::Stage::Final, 2);
  const Json stages = stages_json(study.record().ledger);
  EXPECT_EQ(stages["probe"], 10.0);
  EXPECT_EQ(stages["exploration"], 50.0);
  EXPECT_EQ(stages["final"], 40.0);
  EXPECT_EQ(stages["explored_share"], 0.6);
}

}  // namespace
}  // namespace wattune::report
