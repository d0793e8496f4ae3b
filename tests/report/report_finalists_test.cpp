#include "wattune/report/finalists.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/sample_study.hpp"
#include "wattune/report/recommendation.hpp"

namespace wattune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using trial::Outcome;

const trial::Measure kAccuracy{trial::MeasureKind::Metric, "accuracy"};
const trial::Measure kEnergy{trial::MeasureKind::Energy, ""};

void again(SampleStudy& study, std::uint32_t of, std::uint16_t number, double accuracy,
           double joules, Outcome outcome = Outcome::Completed) {
  study.run(study.create_repeat(TrialId{of}, number), 4.0, accuracy, joules, outcome,
            trial::Stage::Finalist);
}

/// The search took trial 0 for better than 1 and cheaper than 2; measured again it is neither.
SampleStudy lucky_search() {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.91, 40.0, Outcome::Completed);
  study.run(study.create(), 4.0, 0.90, 50.0, Outcome::Completed);
  study.run(study.create(), 4.0, 0.88, 41.0, Outcome::Completed);
  again(study, 0, 0, 0.870, 60.0);
  again(study, 1, 0, 0.900, 50.0);
  again(study, 1, 1, 0.904, 52.0);
  again(study, 0, 1, 0.874, 62.0);
  return study;
}

const Recommendation& of_kind(const std::vector<Recommendation>& list, RecommendationKind kind) {
  return *std::ranges::find(list, kind, &Recommendation::kind);
}

}  // namespace

TEST(FinalistFigures, GiveMeanDeviationAndInterval) {
  const SampleStudy study = lucky_search();
  const auto figures = finalist_figures(study.history());

  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].of, TrialId{0});
  EXPECT_THAT(figures[0].trials, ElementsAre(TrialId{3}, TrialId{6}));
  const math::MeanInterval& energy = *figures[0].find(kEnergy);
  EXPECT_EQ(energy.count, 2U);
  EXPECT_NEAR(energy.mean, 61.0, 1e-9);
  EXPECT_NEAR(energy.deviation.value(), std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(energy.half_width.value(), 12.706, 1e-3);
}

TEST(FinalistFigures, LeaveOutWhatWasCutOffOrFailed) {
  SampleStudy study = lucky_search();
  again(study, 2, 0, 0.99, 1.0, Outcome::Lost);
  again(study, 2, 1, 0.99, 1.0, Outcome::FailedExit);

  EXPECT_EQ(finalist_figures(study.history()).size(), 2U);
}

TEST(PairedDifferences, CompareTheTrainingsOfTheSameSeed) {
  SampleStudy study = lucky_search();
  again(study, 0, 2, 0.5, 1000.0);  // trial 1 has no training of this number
  const auto figures = finalist_figures(study.history());
  const auto pairs = paired_differences(study.history(), figures, TrialId{1});

  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].trial, TrialId{0});
  EXPECT_EQ(pairs[0].measure, kAccuracy);
  EXPECT_EQ(pairs[0].difference.count, 2U);
  EXPECT_NEAR(pairs[0].difference.mean, -0.03, 1e-9);
  // Both pairs differ by the same: what the seeds share is not counted as uncertainty.
  EXPECT_NEAR(pairs[0].difference.half_width.value(), 0.0, 1e-9);
  EXPECT_NEAR(pairs[1].difference.mean, 10.0, 1e-9);
}

// Pitfall 24
TEST(Recommend, TrustsWhatWasMeasuredAgainMoreThanALuckySearch) {
  const SampleStudy study = lucky_search();
  const auto list = recommend(study.history(), 0.01);

  EXPECT_EQ(list.front().kind, RecommendationKind::CheapestWithinTolerance);
  EXPECT_EQ(list.front().trial, TrialId{1});
  EXPECT_TRUE(list.front().is_measured_again);
  EXPECT_THAT(list.front().why, HasSubstr("best and cheapest of the finalists: accuracy 0.902 ± "));
  EXPECT_THAT(list.front().why, HasSubstr("energy 51.0 J ± "));
  EXPECT_THAT(list.front().why, HasSubstr("means of 2 trainings alone on the machine"));
  EXPECT_THAT(list.front().why, HasSubstr("by the search alone it would have been trial 0"));
  EXPECT_EQ(of_kind(list, RecommendationKind::BestQuality).trial, TrialId{1});
}

TEST(Recommend, ComparesTheCheapestFinalistWithTheBestInPairs) {
  SampleStudy study = lucky_search();
  const auto list = recommend(study.history(), 1.0);
  EXPECT_EQ(list.front().trial, TrialId{1});  // cheaper too

  again(study, 2, 0, 0.895, 30.0);
  again(study, 2, 1, 0.899, 33.0);
  const auto wider = recommend(study.history(), 0.01);
  EXPECT_EQ(wider.front().trial, TrialId{2});
  EXPECT_THAT(wider.front().why, HasSubstr("the cheapest finalist within 0.01 of the best"));
  EXPECT_THAT(wider.front().why, HasSubstr("against trial 1, pair by pair: accuracy -0.005"));
  EXPECT_THAT(wider.front().why, HasSubstr("energy -19.5 J ± "));
}

TEST(Recommend, OneTrainingAgainHasNoInterval) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.91, 40.0, Outcome::Completed);
  again(study, 0, 0, 0.90, 42.0);

  const auto list = recommend(study.history(), 0.01);
  EXPECT_THAT(list.front().why,
              HasSubstr("accuracy 0.9 and energy 42.0 J, from one training alone on the machine"));
  EXPECT_THAT(list.front().why, Not(HasSubstr("±")));
}

TEST(Recommend, StaysWithTheSearchWhereNothingWasMeasuredAgain) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.91, 40.0, Outcome::Completed);
  EXPECT_FALSE(recommend(study.history(), 0.01).front().is_measured_again);
  EXPECT_THAT(finalist_figures(study.history()), IsEmpty());
}

TEST(Document, ShowsFinalistsWithFiguresAndPairs) {
  const SampleStudy study = lucky_search();
  const auto document = report_document(study.record(), {});

  const auto& finalists = document.at("finalists");
  EXPECT_EQ(finalists.at("reference"), 1);
  ASSERT_EQ(finalists.at("trials").size(), 2U);
  EXPECT_EQ(finalists.at("trials")[0].at("trial"), 0);
  EXPECT_EQ(finalists.at("trials")[0].at("measured_by").dump(), "[3,6]");
  EXPECT_NEAR(finalists.at("trials")[0].at("measures").at("energy").at("mean"), 61.0, 1e-9);
  EXPECT_EQ(finalists.at("pairs").size(), 2U);
  EXPECT_EQ(document.at("recommendations")[0].at("measured_again"), true);
  EXPECT_EQ(document.at("trials")[3].at("repeat").dump(), R"({"of":0,"number":0})");
  EXPECT_EQ(document.at("trials")[3].at("purpose"), "finalist");
  EXPECT_FALSE(document.at("trials")[0].contains("repeat"));
}

TEST(Document, HasNoFinalistsWhereThereAreNone) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.91, 40.0, Outcome::Completed);
  EXPECT_TRUE(report_document(study.record(), {}).at("finalists").is_null());
}

// Pitfall 24
TEST(Document, ShowsHowATrialFoundTheDevices) {
  SampleStudy study;
  const TrialId id = study.create();
  trial::DevicesSeen seen{id, {}, {}};
  seen.state.cpu.temperature = Celsius{41.5};
  seen.state.gpus.push_back({"GPU-a", {}, Hertz{1.98e9}, Watts{300}});
  seen.cooldown = trial::CoolDown{Seconds{2}, true, {{"cpu", Celsius{39}}}};
  study.apply(seen);

  const auto document = report_document(study.record(), {});

  EXPECT_EQ(document.at("trials")[0].at("devices").dump(),
            R"([{"cpu":{"temperature_c":41.5},)"
            R"("gpus":[{"uuid":"GPU-a","clock_mhz":1980.0,"power_limit_w":300.0}],)"
            R"("cooldown":{"waited_s":2.0,"reached":true,"reference_c":{"cpu":39.0}}}])");
}

}  // namespace wattune::report
