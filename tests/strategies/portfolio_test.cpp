#include "wattune/strategies/portfolio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/history_builder.hpp"
#include "support/must.hpp"
#include "support/problems.hpp"
#include "wattune/strategies/past_study.hpp"

namespace wattune::strategies {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A grid of 21 x 21 points, the nearer to `best` the better.
RankedPoints peak_at(double x, double y) {
  RankedPoints study;
  std::vector<double> losses;
  for (int i = 0; i <= 20; ++i) {
    for (int j = 0; j <= 20; ++j) {
      study.points.push_back({0.05 * i, 0.05 * j});
      losses.push_back(std::hypot(0.05 * i - x, 0.05 * j - y));
    }
  }
  for (const double loss : losses) {
    const auto num_better =
        std::ranges::count_if(losses, [&](double l) { return l < loss - 1e-9; });
    study.ranks.push_back(static_cast<double>(num_better) / static_cast<double>(losses.size() - 1));
  }
  return study;
}

double distance(const std::vector<double>& point, double x, double y) {
  return std::hypot(point[0] - x, point[1] - y);
}

trial::Problem problem_of(std::vector<space::Parameter> parameters) {
  return accuracy_problem(std::move(parameters), {trial::ResourceUnit::Epochs, 1.0, 9.0});
}

trial::Problem usual_problem() {
  return problem_of({float_parameter("lr", 1e-4, 1.0, true, 0.01),
                     float_parameter("momentum", 0.0, 1.0, false, 0.9)});
}

/// A finished study whose accuracy is higher the nearer a point of the unit cube is to `best`.
PastStudy study_of(const trial::Problem& problem, const std::vector<double>& best,
                   std::size_t num_trials = 60) {
  trial::History history(problem);
  for (std::size_t i = 0; i < num_trials; ++i) {
    const TrialId id = history.next_trial_id();
    Rng rng{11, i};
    const space::Configuration configuration = *problem.space.sample(rng);
    double distance = 0.0;
    const auto point = problem.space.to_unit(configuration);
    for (std::size_t d = 0; d < best.size(); ++d) distance += std::pow(point[d] - best[d], 2);
    history.apply(
        trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler, configuration});
    history.apply(trial::Assigned{assignment_to(id, 0.0, 9.0)});
    history.apply(trial::Reported{id, 9.0, 0.0, Seconds{1.0}, {}, {{"accuracy", 1.0 - distance}}});
    history.apply(
        trial::AssignmentEnded{id, trial::Outcome::Completed, "", Seconds{}, EnergyFigure{}});
  }
  return *past_study_of(history);
}

}  // namespace

TEST(Portfolio, OfOneStudyIsItsBest) {
  const auto chosen = greedy_portfolio(std::vector{peak_at(0.3, 0.7)});

  ASSERT_THAT(chosen, Not(IsEmpty()));
  EXPECT_LT(distance(chosen.front(), 0.3, 0.7), 0.08);
}

TEST(Portfolio, ServesEveryKindOfStudy) {
  const std::vector studies{peak_at(0.1, 0.1), peak_at(0.15, 0.1), peak_at(0.1, 0.15),
                            peak_at(0.9, 0.9)};
  const auto chosen = greedy_portfolio(studies, {.count = 2});

  ASSERT_THAT(chosen, SizeIs(2));
  // A compromise would serve nobody: one for each kind, the commoner kind first.
  EXPECT_LT(distance(chosen[0], 0.1, 0.1), 0.15);
  EXPECT_LT(distance(chosen[1], 0.9, 0.9), 0.15);
}

TEST(Portfolio, EndsWhereNothingHelpsAnyMore) {
  const std::vector studies{peak_at(0.5, 0.5), peak_at(0.5, 0.5)};

  EXPECT_LE(greedy_portfolio(studies, {.count = 50}).size(), 3U);
  EXPECT_THAT(greedy_portfolio({}), IsEmpty());
  EXPECT_THAT(greedy_portfolio(std::vector<RankedPoints>(2)), IsEmpty());
}

TEST(Portfolio, ALuckyPointAmongBadOnesIsNotTakenForGood) {
  // Far from everything else a good region; in the middle of bad ones the best single trial.
  RankedPoints study;
  for (int i = 0; i < 10; ++i) {
    study.points.push_back({0.2 + 0.01 * i});
    study.ranks.push_back(i == 5 ? 0.0 : 0.9);
    study.points.push_back({0.8 + 0.01 * i});
    study.ranks.push_back(0.1);
  }
  const auto chosen = greedy_portfolio(std::vector{study}, {.count = 1});

  EXPECT_GE(chosen.front()[0], 0.8);
}

TEST(Portfolio, ChoicesHaveNoNeighbours) {
  RankedPoints study;  // the middle choice is bad, those beside it are good
  for (int i = 0; i < 4; ++i) {
    for (const double choice : {0.45, 0.5, 0.55}) {
      study.points.push_back({choice, 0.1 * i});
      study.ranks.push_back(choice == 0.5 ? 0.0 : 1.0);
    }
  }
  const auto with_order = greedy_portfolio(std::vector{study}, {.count = 1});
  const auto without =
      greedy_portfolio(std::vector{study}, {.count = 1, .is_unordered = {true, false}});

  EXPECT_EQ(without.front()[0], 0.5);
  EXPECT_EQ(with_order.front()[0], 0.5);
  // And the guess is as good as the trials: two studies that disagree have one point each.
  RankedPoints other = study;
  for (std::size_t i = 0; i < other.ranks.size(); ++i) {
    other.ranks[i] = other.points[i][0] == 0.55 ? 0.0 : 1.0;
  }
  EXPECT_EQ(greedy_portfolio(std::vector{study, other}, {.is_unordered = {true, false}}).size(),
            2U);
}

TEST(PastStudy, RanksByTheFirstObjectiveFeasibleFirstAndFailedLast) {
  trial::Problem problem = usual_problem();
  problem.constraints = {{trial::measure_from_text("duration"), {}, 10.0}};
  trial::History history(problem);
  const auto add = [&](std::optional<double> accuracy, double seconds) {
    const TrialId id = history.next_trial_id();
    Rng rng{1, id.number()};
    history.apply(trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler,
                                      *problem.space.sample(rng)});
    history.apply(trial::Assigned{assignment_to(id, 0.0, 9.0)});
    if (accuracy) {
      history.apply(trial::Reported{id, 9.0, 0.0, Seconds{seconds}, {}, {{"accuracy", *accuracy}}});
    }
    history.apply(trial::AssignmentEnded{
        id, accuracy ? trial::Outcome::Completed : trial::Outcome::FailedExit, "", {}, {}});
  };
  add(0.5, 1.0);
  add(std::nullopt, 1.0);
  add(0.9, 20.0);  // infeasible
  add(0.7, 1.0);
  add(0.6, 1.0);
  add(0.5, 1.0);

  const PastStudy study = *past_study_of(history);

  std::vector<double> ranks;
  std::vector<space::Configuration> order;
  for (const auto& each : study.trials) {
    ranks.push_back(each.rank);
    order.push_back(each.configuration);
  }
  EXPECT_THAT(ranks, ElementsAre(0.0, 0.2, 0.5, 0.5, 0.8, 1.0));
  EXPECT_EQ(order[0], history.trial(TrialId{3}).configuration());
  EXPECT_EQ(order[1], history.trial(TrialId{4}).configuration());
  EXPECT_EQ(order[4], history.trial(TrialId{2}).configuration());
  EXPECT_EQ(order[5], history.trial(TrialId{1}).configuration());
}

TEST(PastStudy, FourTrialsAreNoExperience) {
  trial::History history(usual_problem());
  EXPECT_FALSE(past_study_of(history).has_value());
}

TEST(PastStudy, HoldsConfigurationsRanksAndTheNameOfTheObjectiveAlone) {
  space::Parameter path;
  path.name = "data";
  path.domain = space::ConstantDomain{std::string("/home/me/secret")};
  trial::Problem problem = problem_of({float_parameter("lr", 1e-4, 1.0, true, 0.015625), path});
  problem.name = "my-customer";
  problem.command = "train --password 1";
  const auto document = to_json(study_of(problem, {0.3}));

  std::vector<std::string> keys;
  for (const auto& [key, value] : document.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("wattune_history", "objective", "direction", "space", "trials"));
  for (const char* secret : {"secret", "customer", "password", "0.015625", "default"}) {
    EXPECT_THAT(document.dump(), Not(HasSubstr(secret)));
  }
}

TEST(PastStudy, IsReadAsItWasWritten) {
  space::Parameter optimizer;
  optimizer.name = "optimizer";
  optimizer.domain = space::ChoiceDomain{{std::string("sgd"), std::string("adam")}};
  space::Parameter momentum = float_parameter("momentum", 0.0, 1.0);
  momentum.when = {{"optimizer", space::Comparison::In, {std::string("sgd")}}};
  const PastStudy study = study_of(problem_of({optimizer, momentum}), {0.3, 0.3});

  const PastStudy again = must(past_study_from_json(nlohmann::json::parse(to_json(study).dump())));

  EXPECT_EQ(to_json(again), to_json(study));
  EXPECT_FALSE(past_study_from_json(nlohmann::json::parse(R"({"a": 1})")).has_value());
  EXPECT_FALSE(
      past_study_from_json(nlohmann::json::parse(R"({"wattune_history": 2})")).has_value());
}

TEST(PastStudy, OfAThousandTrialsTwoHundredAreKeptTheBestAndTheWorstAmongThem) {
  const PastStudy study = study_of(usual_problem(), {0.3, 0.3}, 1000);

  EXPECT_THAT(study.trials, SizeIs(200));
  EXPECT_EQ(study.trials.front().rank, 0.0);
  EXPECT_NEAR(study.trials[49].rank, 49.0 / 999.0, 1e-9);
  EXPECT_EQ(study.trials.back().rank, 1.0);
}

TEST(LearnedStart, IsWhatDidWellElsewhere) {
  const trial::Problem problem = usual_problem();
  const std::vector studies{study_of(problem, {0.2, 0.2}), study_of(problem, {0.2, 0.25}),
                            study_of(problem, {0.8, 0.9})};

  const auto start = learned_start(studies, problem);

  ASSERT_GE(start.size(), 2U);
  ASSERT_LE(start.size(), 5U);
  EXPECT_LT(distance(problem.space.to_unit(start[0]), 0.2, 0.2), 0.25);
  const bool has_other = std::ranges::any_of(start, [&](const space::Configuration& each) {
    return distance(problem.space.to_unit(each), 0.8, 0.9) < 0.25;
  });
  EXPECT_TRUE(has_other);
  EXPECT_EQ(learned_start(studies, problem), start);
  EXPECT_THAT(learned_start(studies, problem, 1), SizeIs(1));
}

TEST(LearnedStart, NeedsTheSameGoal) {
  const trial::Problem problem = usual_problem();
  const std::vector studies{study_of(problem, {0.2, 0.2})};
  trial::Problem other = problem;
  other.objectives.front().measure = trial::measure_from_text("f1");
  trial::Problem opposite = problem;
  opposite.objectives.front().direction = trial::Direction::Minimize;

  EXPECT_TRUE(fits(studies[0], problem));
  EXPECT_FALSE(fits(studies[0], other));
  EXPECT_FALSE(fits(studies[0], opposite));
  EXPECT_THAT(learned_start(studies, other), IsEmpty());
}

TEST(LearnedStart, TakesAParameterMoreOrLessAndOtherBoundsButNotAnotherScale) {
  const PastStudy study = study_of(usual_problem(), {0.2, 0.2});
  const auto lr = float_parameter("lr", 1e-4, 1.0, true, 0.01);
  const auto momentum = float_parameter("momentum", 0.0, 1.0, false, 0.9);
  const auto decay = float_parameter("decay", 1e-6, 1e-2, true, 1e-4);

  EXPECT_TRUE(fits(study, problem_of({momentum, decay, lr})));
  EXPECT_TRUE(fits(study, problem_of({lr})));
  EXPECT_TRUE(fits(study, problem_of({float_parameter("lr", 1e-5, 0.5, true), momentum})));
  EXPECT_FALSE(fits(study, problem_of({float_parameter("lr", 1e-4, 1.0, false), momentum})));
  EXPECT_FALSE(fits(study, problem_of({float_parameter("lr", 2.0, 3.0, true), momentum})));
  EXPECT_FALSE(fits(study, problem_of({lr, decay})));
  EXPECT_FALSE(fits(study, problem_of({lr, momentum, decay, float_parameter("a", 0.0, 1.0),
                                       float_parameter("b", 0.0, 1.0)})));

  const trial::Problem larger = problem_of({momentum, decay, lr});
  const auto start = learned_start(std::vector{study}, larger);
  ASSERT_THAT(start, Not(IsEmpty()));
  EXPECT_EQ(std::get<double>(start[0][1]), 1e-4) << "what it lacks is as by default";
  for (const auto& each : learned_start(
           std::vector{study}, problem_of({float_parameter("lr", 1e-3, 1.0, true), momentum}))) {
    EXPECT_GE(std::get<double>(each[0]), 1e-3) << "what lies outside is passed over";
  }
}

}  // namespace wattune::strategies
