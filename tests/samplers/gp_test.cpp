#include "wattune/samplers/gp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "../../src/samplers/gp_front.hpp"
#include "../../src/samplers/gp_models.hpp"
#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "support/test_functions.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

using ::testing::HasSubstr;
using trial::Direction;

using Evaluate = std::function<std::vector<double>(std::span<const double>)>;

trial::Problem problem_of(std::size_t dimension, std::size_t num_objectives,
                          std::size_t num_constraints = 0, std::uint64_t seed = 1) {
  return fake::make_problem(fake::unit_cube(dimension),
                            std::vector<Direction>(num_objectives, Direction::Minimize),
                            num_constraints, 1.0, seed);
}

std::vector<double> ask(const trial::Problem& problem, const trial::History& history,
                        const GpOptions& options = {}) {
  Rng rng{problem.seed, history.next_trial_id().number()};
  const auto suggestion = make_gp(problem, options)->suggest(history, rng);
  return suggestion ? problem.space.to_unit(*suggestion) : std::vector<double>{};
}

/// Trials at a few even points, and what they reach.
fake::HistoryBuilder tried_evenly(const trial::Problem& problem, const Evaluate& evaluate,
                                  int count = 8) {
  fake::HistoryBuilder builder{problem};
  const std::size_t dimension = problem.space.size();
  for (int i = 0; i < count; ++i) {
    std::vector<double> point;
    for (std::size_t d = 0; d < dimension; ++d) {
      const double at = (i + 0.5) * (d == 0 ? 1.0 : 0.618 * static_cast<double>(d)) / count;
      point.push_back(d == 0 ? at : std::fmod(at * count, 1.0));
    }
    builder.add_completed(problem.space.from_unit(point), evaluate(point));
  }
  return builder;
}

std::string refusal(const trial::Problem& problem, const GpOptions& options) {
  try {
    static_cast<void>(make_gp(problem, options));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(Gp, StartsEvenlyAndThenGoesWhereTheModelPointsTo) {
  const auto problem = problem_of(1, 1);
  const auto builder = tried_evenly(
      problem, [](auto x) { return std::vector{std::pow(x[0] - 0.7, 2)}; }, 6);
  EXPECT_NEAR(ask(problem, builder.history())[0], 0.7, 0.05);
}

TEST(Gp, EveryAcquisitionForOneObjectiveComesCloseToTheMinimum) {
  const auto problem = problem_of(1, 1);
  auto builder = tried_evenly(
      problem, [](auto x) { return std::vector{std::pow(x[0] - 0.7, 2)}; }, 6);
  for (const GpAcquisition kind :
       {GpAcquisition::LogEi, GpAcquisition::Ei, GpAcquisition::Pi, GpAcquisition::Ucb}) {
    EXPECT_NEAR(ask(problem, builder.history(), {.acquisition = kind})[0], 0.7, 0.1)
        << static_cast<int>(kind);
  }
}

TEST(Gp, AMaximisedObjectiveIsMaximised) {
  const auto problem = fake::make_problem(fake::unit_cube(1), {Direction::Maximize}, 0, 1.0, 1);
  const auto builder = tried_evenly(
      problem, [](auto x) { return std::vector{-std::pow(x[0] - 0.7, 2)}; }, 6);
  EXPECT_NEAR(ask(problem, builder.history())[0], 0.7, 0.05);
}

TEST(Gp, TheDefaultConfigurationCountsAsOneOfTheStart) {
  const auto problem = problem_of(1, 1);
  fake::HistoryBuilder builder{problem};
  builder.end(
      builder.add_running(problem.space.from_unit(std::vector{0.5}), trial::Origin::Default),
      trial::Outcome::FailedExit);
  for (const double x : {0.1, 0.6, 0.8, 0.9}) {
    builder.add_completed(problem.space.from_unit(std::vector{x}), std::pow(x - 0.7, 2));
  }
  EXPECT_NEAR(ask(problem, builder.history(), {.num_startup = 5})[0], 0.7, 0.05);
  EXPECT_GT(std::abs(ask(problem, builder.history(), {.num_startup = 6})[0] - 0.7), 0.05);
}

TEST(Gp, KeepsToWhatIsFeasible) {
  const auto problem = problem_of(1, 1, 1);
  const auto builder = tried_evenly(problem, [](auto x) {
    return std::vector{std::pow(x[0] - 0.7, 2), x[0] - 0.4};  // feasible up to 0.4
  });
  EXPECT_NEAR(ask(problem, builder.history())[0], 0.4, 0.06);
}

TEST(Gp, SeeksFeasibilityAloneBeforeAnythingIsFeasible) {
  const auto problem = problem_of(1, 1, 1);
  fake::HistoryBuilder builder{problem};
  for (const double x : {0.5, 0.6, 0.7, 0.8, 0.9}) {
    // The objective pulls to 1; what is bounded falls below 0 at x = 0.3.
    builder.add_completed(problem.space.from_unit(std::vector{x}), std::vector{-x, x - 0.3});
  }
  EXPECT_LT(ask(problem, builder.history())[0], 0.3);
}

TEST(Gp, AsPenaltyABrokenConstraintIsALargeLoss) {
  const auto problem = problem_of(1, 1, 1);
  const auto builder = tried_evenly(
      problem,
      [](auto x) {
        return std::vector{std::pow(x[0] - 0.7, 2), x[0] - 0.4};
      },
      10);
  const GpOptions options{.constraints = ConstraintHandling::Penalty, .penalty_weight = 30.0};
  EXPECT_LT(ask(problem, builder.history(), options)[0], 0.5);
  EXPECT_NEAR(ask(problem, builder.history(),
                  {.constraints = ConstraintHandling::Penalty, .penalty_weight = 0.0})[0],
              0.7, 0.06);
}

TEST(Gp, StaysAwayFromWhereTrialsFail) {
  const auto problem = problem_of(1, 1);
  fake::HistoryBuilder builder{problem};
  for (const double x : {0.05, 0.15, 0.25, 0.35, 0.45}) {
    builder.add_completed(problem.space.from_unit(std::vector{x}), std::pow(x - 0.7, 2));
  }
  EXPECT_GT(ask(problem, builder.history())[0], 0.55);
  for (const double x : {0.55, 0.65, 0.75, 0.85, 0.95}) {
    builder.add_failed(problem.space.from_unit(std::vector{x}));
  }
  EXPECT_LT(ask(problem, builder.history())[0], 0.55);
}

TEST(Gp, ConstraintsOnPositiveCostsAreModelled) {
  auto problem = problem_of(1, 1);
  problem.constraints = {{trial::measure_from_text("energy"), std::nullopt, 2.0}};
  fake::HistoryBuilder builder{problem};
  const GpOptions options{.num_startup = 5};
  for (const double x : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    const TrialId id = builder.add_running(problem.space.from_unit(std::vector{x}));
    builder.report(id, 1.0, std::vector{-x, 0.0});
    builder.end(id, trial::Outcome::Completed);
  }
  EXPECT_GT(ask(problem, builder.history(), options)[0], 0.85);  // 1 J each: all keep it
}

TEST(Gp, ASecondAskWithoutAResultGoesElsewhere) {
  for (const std::size_t num_objectives : {1u, 2u, 3u}) {
    const auto problem = problem_of(2, num_objectives);
    auto builder = tried_evenly(
        problem,
        [&](auto x) {
          std::vector<double> losses{fake::branin(x), x[0], x[1]};
          losses.resize(num_objectives);
          return losses;
        },
        12);
    const auto first = ask(problem, builder.history());
    builder.add_running(problem.space.from_unit(first));
    const auto second = ask(problem, builder.history());
    EXPECT_GT(std::hypot(first[0] - second[0], first[1] - second[1]), 1e-3)
        << num_objectives << " objectives";
  }
}

TEST(Gp, TriesEachConfigurationOfAFiniteSpaceOnce) {
  const space::Space space{{fake::parameter("a", space::IntDomain{1, 5, false, 1}),
                            fake::parameter("b", space::IntDomain{1, 5, false, 1})}};
  const auto problem = fake::make_problem(space, {Direction::Minimize}, 0, 1.0, 3);
  fake::HistoryBuilder builder{problem};
  const auto sampler = make_gp(problem, {});
  std::set<space::Configuration> seen;
  for (std::size_t i = 0; i < 25; ++i) {
    Rng rng{problem.seed, i};
    const auto suggestion = sampler->suggest(builder.history(), rng);
    ASSERT_TRUE(suggestion.has_value());
    EXPECT_TRUE(seen.insert(*suggestion).second) << "trial " << i << " again";
    const std::vector<double> point = space.to_unit(*suggestion);
    builder.add_completed(*suggestion, point[0] - point[1]);
  }
}

TEST(Gp, PrefersTheCheaperOfTwoEqualPromisesUntilTheBudgetIsSpent) {
  // Both ends promise the same; the right half costs a hundred times as much.
  auto problem = problem_of(1, 1);
  trial::History history{problem};
  const auto add = [&](double x, double loss, double joules) {
    const TrialId id = history.next_trial_id();
    history.apply(trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler,
                                      problem.space.from_unit(std::vector{x})});
    history.apply(trial::Assigned{{.trial = id,
                                   .from = 0.0,
                                   .to = 1.0,
                                   .rung = 0,
                                   .bracket = 0,
                                   .stage = trial::Stage::Exploration,
                                   .report_every = std::nullopt}});
    history.apply(trial::Reported{
        id,
        1.0,
        0.0,
        Seconds{1.0},
        {{}, Microjoules{static_cast<std::int64_t>(joules * 1e6)}, {}, Provenance::Measured},
        {{"objective_0", loss}}});
    history.apply(trial::AssignmentEnded{id, trial::Outcome::Completed, {}, {}, {}});
  };
  for (const double x : {0.2, 0.35, 0.5, 0.65, 0.8}) {
    const double right = 0.01 * x;  // a little better to the right
    add(x, -std::pow(x - 0.5, 2) - right, x > 0.5 ? 100.0 : 1.0);
  }
  const auto at = [&](const GpOptions& options) { return ask(problem, history, options)[0]; };
  EXPECT_GT(at({}), 0.5);
  EXPECT_LT(at({.cost_exponent = 1.0}), 0.5);
  EXPECT_LT(at({.cost_exponent = 1.0, .budget_j = 1e6}), 0.5);
  EXPECT_GT(at({.cost_exponent = 1.0, .budget_j = 203.0}), 0.5);
  EXPECT_GT(at({.cost_exponent = 1.0, .budget_trials = 5}), 0.5);
}

TEST(Gp, StaysNearWhatIsGoodWhenABudgetIsNearlySpent) {
  // Well known up to 0.5, and wavy enough that nobody can tell what lies beyond.
  const auto problem = problem_of(1, 1);
  fake::HistoryBuilder builder{problem};
  for (int i = 0; i < 36; ++i) {
    const double x = i / 72.0;
    const double flat_waves = std::tanh(3.0 * std::sin(25.0 * x));
    builder.add_completed(problem.space.from_unit(std::vector{x}), flat_waves);
  }
  const auto at = [&](const GpOptions& options) {
    return ask(problem, builder.history(), options)[0];
  };
  EXPECT_GT(at({}), 0.5);
  EXPECT_GT(at({.budget_trials = 42}), 0.5);
  EXPECT_LT(at({.budget_trials = 40}), 0.5);
}

TEST(Gp, AScalarisationFindsItsOwnOptimum) {
  // Loss falls and cost rises with x: the weight decides.
  const auto problem = problem_of(1, 2);
  const auto builder = tried_evenly(problem, [](auto x) {
    return std::vector{std::pow(1.0 - x[0], 2), std::pow(x[0], 2)};
  });
  const auto at = [&](double weight) {
    return ask(
        problem, builder.history(),
        {.scalarisation = Scalarisation{.kind = ScalarisationKind::Weighted, .weight = weight}})[0];
  };
  EXPECT_NEAR(at(0.5), 0.5, 0.1);
  EXPECT_NEAR(at(0.8), 0.8, 0.1);
}

TEST(Gp, TwoObjectivesGrowTheFrontInsideTheGivenReference) {
  const auto problem = problem_of(1, 2);
  const auto builder = tried_evenly(problem, [](auto x) {
    return std::vector{std::pow(1.0 - x[0], 2), std::pow(x[0], 2)};
  });
  for (const GpAcquisition kind :
       {GpAcquisition::LogEhvi, GpAcquisition::QLogNehvi, GpAcquisition::QNehvi}) {
    const double x = ask(problem, builder.history(),
                         {.acquisition = kind, .reference_point = std::vector{0.3, 0.3}})[0];
    EXPECT_GT(x, 0.4) << static_cast<int>(kind);
    EXPECT_LT(x, 0.6) << static_cast<int>(kind);
  }
}

TEST(Gp, NoiseThatIsKnownIsNotTakenForAFeature) {
  const auto problem = problem_of(1, 1);
  fake::HistoryBuilder builder{problem};
  Rng rng{4};
  for (int i = 0; i < 30; ++i) {
    const double x = (i + 0.5) / 30.0;
    builder.add_completed(problem.space.from_unit(std::vector{x}),
                          4.0 * std::pow(x - 0.3, 2) + 0.3 * rng.normal());
  }
  EXPECT_NEAR(ask(problem, builder.history(), {.noise_deviations = {0.3}})[0], 0.3, 0.25);
}

TEST(Gp, RefusesOptionsThatDoNotFitTheStudy) {
  const auto one = problem_of(2, 1);
  const auto two = problem_of(2, 2);
  const auto three = problem_of(2, 3);
  EXPECT_THAT(refusal(two, {.acquisition = GpAcquisition::LogEi}), HasSubstr("one objective"));
  EXPECT_THAT(refusal(three, {.acquisition = GpAcquisition::LogEhvi}), HasSubstr("two objectives"));
  EXPECT_THAT(refusal(one, {.acquisition = GpAcquisition::QNparego}), HasSubstr("several"));
  EXPECT_THAT(refusal(one, {.scalarisation = Scalarisation{}}), HasSubstr("the study has 1"));
  EXPECT_THAT(refusal(two, {.reference_point = std::vector{1.0}}), HasSubstr("reference_point"));
  EXPECT_THAT(refusal(two, {.noise_deviations = {1.0}}), HasSubstr("noise_deviations"));
  EXPECT_THAT(refusal(one, {.noise_deviations = {-1.0}}), HasSubstr("noise deviation"));
  EXPECT_THAT(refusal(one, {.num_startup = 1}), HasSubstr("num_startup"));
  EXPECT_THAT(refusal(one, {.num_samples = 0}), HasSubstr("num_samples"));
  EXPECT_THAT(refusal(one, {.num_raw = 0}), HasSubstr("num_raw"));
  EXPECT_THAT(refusal(one, {.penalty_weight = -1.0}), HasSubstr("penalty_weight"));
  EXPECT_THAT(refusal(one, {.prior_deviation = 0.0}), HasSubstr("prior_deviation"));
  EXPECT_THAT(refusal(one, {.prior_deviation = 101.0}), HasSubstr("0.01 to 100"));
  EXPECT_THAT(refusal(one, {.optimism = -1.0}), HasSubstr("optimism"));
  EXPECT_THAT(refusal(two, {.scalarisation = Scalarisation{.weight = 1.5}}), HasSubstr("weight"));
  EXPECT_THAT(refusal(two, {.scalarisation = Scalarisation{.kind = ScalarisationKind::HardLimit}}),
              HasSubstr("target"));
  EXPECT_THAT(refusal(one, {.budget_trials = 0}), HasSubstr("0 trials"));
  EXPECT_THAT(refusal(one, {.budget_j = -1.0}), HasSubstr("-1 J"));
  EXPECT_THAT(refusal(one, {.cost_exponent = -1.0}), HasSubstr("exponent"));
  EXPECT_EQ(refusal(two, {.acquisition = GpAcquisition::LogEi, .scalarisation = Scalarisation{}}),
            "accepted");
}

TEST(GpModels, EvenOutOneLossThatSpansDecadesAndNoOther) {
  const auto is_bent = [](const trial::Problem& problem, const Evaluate& evaluate) {
    const fake::HistoryBuilder builder = tried_evenly(problem, evaluate, 20);
    const Features features{problem.space};
    const GpOptions options;
    const GpModels models{builder.history(), evidence_of(builder.history(), 8), features, options};
    const auto at = [&](double loss) {
      return models.on_scale(std::vector<double>(problem.objectives.size(), loss))[0];
    };
    return std::abs((at(1.0) - at(0.6)) - (at(0.6) - at(0.2))) > 1e-6;
  };
  const auto steep = [](auto point) { return std::exp(8.0 * point[0]); };
  const auto wavy = [](auto point) { return std::sin(6.0 * point[0]) + point[1]; };
  EXPECT_TRUE(is_bent(problem_of(2, 1), [&](auto point) { return std::vector{steep(point)}; }));
  EXPECT_FALSE(is_bent(problem_of(2, 1), [&](auto point) { return std::vector{wavy(point)}; }));
  EXPECT_FALSE(is_bent(problem_of(2, 2), [&](auto point) {
    return std::vector{steep(point), steep(point)};
  }));
}

TEST(GpModels, BelieveLessSpreadOfOneLossThanOfSeveralUnlessTold) {
  const auto deviation_of = [](std::size_t num_objectives, const GpOptions& options) {
    const trial::Problem problem = problem_of(2, num_objectives);
    const fake::HistoryBuilder builder = tried_evenly(
        problem, [&](auto point) { return std::vector<double>(num_objectives, point[0]); });
    const Features features{problem.space};
    const GpModels models{builder.history(), evidence_of(builder.history(), 8), features, options};
    return dynamic_cast<const math::GaussianProcess&>(*models.loss_processes()[0])
        .hyperparameters()
        .deviation;
  };
  EXPECT_EQ(deviation_of(1, {}), 0.7);
  EXPECT_EQ(deviation_of(2, {}), 1.0);
  EXPECT_EQ(deviation_of(2, {.scalarisation = Scalarisation{}}), 0.7);
  EXPECT_EQ(deviation_of(2, {.prior_deviation = 1.5}), 1.5);
}

TEST(GpFront, TheReferenceLeavesRoomBesideANarrowFront) {
  // Nearly one point beats all others, which lie up to 1 away in both losses.
  const auto problem = problem_of(1, 2);
  const fake::HistoryBuilder builder = tried_evenly(
      problem,
      [](auto point) {
        const double x = point[0] - 0.5;
        return std::vector{x * x * 4.0 + 0.01 * x, x * x * 4.0 - 0.01 * x};
      },
      20);
  const Features features{problem.space};
  const GpOptions options;
  const GpModels models{builder.history(), evidence_of(builder.history(), 8), features, options};
  const Front front = front_of(models);
  const auto reference = inferred_reference(models, front);
  const auto means = models.means_at(models.rows());
  for (std::size_t k = 0; k < 2; ++k) {
    const auto loss = [k](const auto& point) { return point[k]; };
    const double worst_of_front = std::ranges::max(front.losses, {}, loss)[k];
    const double range =
        std::ranges::max(means, {}, loss)[k] - std::ranges::min(means, {}, loss)[k];
    EXPECT_NEAR(reference[k] - worst_of_front, 0.25 * 0.5 * range, 1e-9);
  }
}

TEST(Gp, StartsWithTwoTrialsForEveryParameterThatVariesAndTenAtMost) {
  trial::Problem problem = problem_of(4, 1);
  std::vector<space::Parameter> parameters(problem.space.parameters().begin(),
                                           problem.space.parameters().end());
  for (const char* name : {"model", "epochs", "seed"}) {
    parameters.push_back(fake::parameter(name, space::ConstantDomain{std::int64_t{1}}));
  }
  problem.space = space::Space{parameters, {}};
  EXPECT_THAT(make_gp(problem, {})->describe(), HasSubstr(" 8 trials to start"));
  EXPECT_THAT(make_gp(problem_of(6, 1), {})->describe(), HasSubstr(" 10 trials to start"));
}

TEST(Gp, SaysWhatItDoes) {
  EXPECT_THAT(make_gp(problem_of(2, 1), {})->describe(), HasSubstr("Matern-5/2 kernel"));

  const auto problem = problem_of(2, 2);
  EXPECT_EQ(make_gp(problem, {})->describe(),
            "Gaussian processes, RBF kernel, acquisition chosen by the problem, 5 trials to start");
  EXPECT_THAT(
      make_gp(problem, {.acquisition = GpAcquisition::QNparego, .cost_exponent = 1.0})->describe(),
      HasSubstr("qNParEGO, per expected joule"));
}

}  // namespace wattune::samplers
