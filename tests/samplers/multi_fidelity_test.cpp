#include "wattune/samplers/multi_fidelity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "../../src/samplers/curve_models.hpp"
#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "support/test_functions.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/tpe.hpp"

// Learning curves made up so that their beginnings mislead a little: good configurations are slow.
// Seeds are fixed, so a result never changes by itself. The limits were set with these results in
// sight: they guard against getting worse, they do not prove how much better it is.

namespace wattune::samplers {
namespace {

using trial::Direction;

constexpr double kFull = 27.0;
constexpr double kTarget = 0.06;
constexpr double kMostEpochs = 1500.0;
constexpr int kNumStudies = 12;

/// Loss at the end of a full training: 0 at (0.7, 0.3, 0.55), 1 at some distance.
double end_of(const std::vector<double>& point) {
  constexpr std::array kBest{0.7, 0.3, 0.55};
  double square = 0.0;
  for (std::size_t k = 0; k < point.size(); ++k) {
    square += std::pow((point[k] - kBest[k]) / 0.6, 2);
  }
  return square / (0.2 + square);
}

double loss_at(const std::vector<double>& point, double epoch) {
  const double rate = 0.4 + 0.5 * point[1];  // slower where it is best
  const double left = std::pow(epoch, -rate) - std::pow(kFull, -rate);
  return end_of(point) + 0.6 * left;
}

using Make = std::function<std::unique_ptr<Sampler>(const trial::Problem&)>;

trial::Problem curve_problem(std::uint64_t seed) {
  return fake::make_problem(fake::unit_cube(3), {Direction::Minimize}, 0, kFull, seed);
}

class Study {
 public:
  Study(std::uint64_t seed, const Make& make)
      : builder_(curve_problem(seed)), seed_(seed), sampler_(make(curve_problem(seed))) {}

  /// Brackets of nine trials to epoch 3, three of them to 9, one to the end.
  double epochs_under_halving() {
    while (!is_done()) {
      std::vector<TrialId> bracket;
      for (int i = 0; i < 9 && !is_done(); ++i) bracket.push_back(start_one());
      for (const double rung : {3.0, 9.0, kFull}) {
        std::ranges::sort(bracket, {}, [&](TrialId id) { return loss_of(id, rung); });
        bracket.resize(std::max<std::size_t>(1, rung == 3.0 ? 9 : bracket.size() / 3));
        for (const TrialId id : bracket) train(id, rung);
      }
    }
    return num_epochs_;
  }

  double epochs_with_full_trainings() {
    while (!is_done()) train(start_one(), kFull);
    return num_epochs_;
  }

 private:
  bool is_done() const { return best_ <= kTarget || num_epochs_ >= kMostEpochs; }

  TrialId start_one() {
    Rng rng{seed_, builder_.history().trials().size()};
    const TrialId id = builder_.add_running(*sampler_->suggest(builder_.history(), rng));
    return id;
  }

  std::vector<double> point_of(TrialId id) const {
    const trial::History& history = builder_.history();
    return history.problem().space.to_unit(history.trial(id).configuration());
  }
  double loss_of(TrialId id, double) const {
    const auto losses = builder_.history().losses(builder_.history().trial(id));
    return losses ? losses->front() : 0.0;
  }

  void train(TrialId id, double rung) {
    const trial::Trial& trial = builder_.history().trial(id);
    if (is_done() || trial.step() >= rung) return;
    if (!trial.is_running()) builder_.assign(id);
    for (double epoch = trial.step() + 1.0; epoch <= rung; epoch += 1.0) {
      builder_.report(id, epoch, loss_at(point_of(id), epoch));
      num_epochs_ += 1.0;
    }
    if (rung == kFull) best_ = std::min(best_, end_of(point_of(id)));
    builder_.end(id, rung == kFull ? trial::Outcome::Completed : trial::Outcome::Paused);
  }

  fake::HistoryBuilder builder_;
  std::uint64_t seed_;
  std::unique_ptr<Sampler> sampler_;
  double num_epochs_ = 0.0;
  double best_ = std::numeric_limits<double>::infinity();
};

std::unique_ptr<Sampler> curves_of(const trial::Problem& problem) {
  return make_multi_fidelity(problem, {.num_raw = 128, .num_polished = 2, .seed = problem.seed});
}
std::unique_ptr<Sampler> rung_of(const trial::Problem& problem) {
  return make_multi_fidelity(
      problem,
      {.model = FidelityModel::OneRung, .num_raw = 128, .num_polished = 2, .seed = problem.seed});
}
std::unique_ptr<Sampler> gp_of(const trial::Problem& problem) {
  return make_gp(problem, {.num_raw = 128, .num_polished = 2, .seed = problem.seed});
}
std::unique_ptr<Sampler> tpe_of(const trial::Problem& problem) {
  return make_tpe(problem.space, {.seed = problem.seed});
}

struct Outcome {
  double log_ratio = 0.0;  // mean log of the curve model's epochs over the other's
  int wins = 0;
};

Outcome compare(const std::function<double(std::uint64_t)>& other) {
  Outcome outcome;
  for (std::uint64_t seed = 1; seed <= kNumStudies; ++seed) {
    const double ours = Study{seed, curves_of}.epochs_under_halving();
    const double theirs = other(seed);
    outcome.log_ratio += std::log(ours / theirs) / kNumStudies;
    outcome.wins += ours < theirs ? 1 : 0;
  }
  ::testing::Test::RecordProperty("ratio", std::to_string(std::exp(outcome.log_ratio)));
  return outcome;
}

}  // namespace

TEST(MultiFidelity, NeedsLessThanGaussianProcessesWithFullTrainings) {
  const Outcome outcome = compare([](std::uint64_t seed) {
    return Study{seed, gp_of}.epochs_with_full_trainings();
  });
  EXPECT_GE(outcome.wins, 10);
  EXPECT_LT(std::exp(outcome.log_ratio), 0.75);
}

TEST(MultiFidelity, NeedsLessThanTpeUnderTheSameHalving) {
  const Outcome outcome = compare([](std::uint64_t seed) {
    return Study{seed, tpe_of}.epochs_under_halving();
  });
  EXPECT_GE(outcome.wins, 10);
  EXPECT_LT(std::exp(outcome.log_ratio), 0.5);
}

TEST(MultiFidelity, ReachesTheTargetWithAModelOfOneRung) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_LT((Study{seed, rung_of}.epochs_under_halving()), kMostEpochs);
  }
}

TEST(CurveModels, TakeFailedTrialsAsInfeasibleAndNotAsLosses) {
  const auto problem = curve_problem(3);
  fake::HistoryBuilder builder{problem};
  for (std::size_t i = 0; i < 30; ++i) {
    Rng rng{3, i};
    const auto configuration = *problem.space.sample(rng);
    const auto point = problem.space.to_unit(configuration);
    const TrialId id = builder.add_running(configuration);
    builder.report(id, 3.0, loss_at(point, 3.0));
    builder.end(id, point[0] > 0.6 ? trial::Outcome::FailedExit : trial::Outcome::Paused);
  }
  const Features features{problem.space};
  const CurveModels models{builder.history(), features, {}};

  for (const std::uint32_t number : models.trials()) {
    EXPECT_NE(builder.history().trials()[number].state(), trial::TrialState::Failed);
  }
  ASSERT_EQ(models.bounds().size(), 1U);
  const Eigen::MatrixXd bad = Eigen::RowVector3d(0.9, 0.5, 0.5);
  const Eigen::MatrixXd good = Eigen::RowVector3d(0.2, 0.5, 0.5);
  EXPECT_GT(models.bounds()[0].process->predict_means(bad)[0], *models.bounds()[0].max);
  EXPECT_LT(models.bounds()[0].process->predict_means(good)[0], *models.bounds()[0].max);
}

TEST(MultiFidelity, StaysAwayFromWhereTrialsFail) {
  // Trials die before their first report beyond 0.6: nothing is ever known there but that.
  const auto problem = fake::make_problem(fake::unit_cube(2), {Direction::Minimize}, 0, kFull, 7);
  fake::HistoryBuilder builder{problem};
  const auto sampler = make_multi_fidelity(problem, {.num_raw = 128, .num_polished = 2, .seed = 7});
  int num_failed = 0;
  double best = 1.0;
  for (std::size_t i = 0; i < 40; ++i) {
    Rng rng{7, i};
    const auto suggestion = *sampler->suggest(builder.history(), rng);
    const auto u = problem.space.to_unit(suggestion);
    const TrialId id = builder.add_running(suggestion);
    if (u[0] > 0.6) {
      builder.end(id, trial::Outcome::FailedExit);
      num_failed += i >= 20 ? 1 : 0;
      continue;
    }
    const double end = 2.0 * std::pow(u[0] - 0.4, 2) + std::pow(u[1] - 0.5, 2);
    for (const double epoch : {3.0, 9.0}) builder.report(id, epoch, end + 0.3 / epoch);
    builder.end(id, trial::Outcome::Paused);
    best = std::min(best, end);
  }
  EXPECT_LE(num_failed, 3);  // of 20; by chance 8
  EXPECT_LT(best, 0.02);
}

TEST(MultiFidelity, FindsBothEndsOfAFrontFromPartialCurves) {
  const auto problem = fake::make_problem(fake::unit_cube(2),
                                          {Direction::Minimize, Direction::Minimize}, 1, kFull, 5);
  fake::HistoryBuilder builder{problem};
  const auto sampler = make_multi_fidelity(problem, {.num_raw = 128, .num_polished = 2, .seed = 5});
  int num_near = 0;
  int num_feasible = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    Rng rng{5, i};
    const auto suggestion = *sampler->suggest(builder.history(), rng);
    const auto u = problem.space.to_unit(suggestion);
    // The front is where the second coordinate is 0.5; the first trades; beyond 0.8 is forbidden.
    const double off = std::pow(u[1] - 0.5, 2);
    const TrialId id = builder.add_running(suggestion);
    const std::vector<double> steps =
        i % 3 == 0 ? std::vector{3.0, 9.0, kFull} : std::vector{3.0, 9.0};
    for (const double epoch : steps) {
      const double late = 0.5 / std::sqrt(epoch);
      builder.report(
          id, epoch,
          std::vector{u[0] * u[0] + off + late, std::pow(1.0 - u[0], 2) + off + late, u[0] - 0.8});
    }
    builder.end(id, i % 3 == 0 ? trial::Outcome::Completed : trial::Outcome::Paused);
    if (i < 16) continue;
    num_near += std::abs(u[1] - 0.5) < 0.15 ? 1 : 0;
    num_feasible += u[0] <= 0.82 ? 1 : 0;
  }
  EXPECT_GE(num_near, 14);  // of 20; by chance 6
  EXPECT_GE(num_feasible, 17);
}

TEST(MultiFidelity, RefusesWhatDoesNotFit) {
  const auto problem = curve_problem(1);
  EXPECT_THROW((void)make_multi_fidelity(problem, {.acquisition = GpAcquisition::LogEhvi}),
               ConfigError);
  EXPECT_THROW((void)make_multi_fidelity(problem, {.acquisition = GpAcquisition::QNparego}),
               ConfigError);
  EXPECT_THROW((void)make_multi_fidelity(problem, {.max_values = 1}), ConfigError);
  EXPECT_THROW((void)make_multi_fidelity(problem, {.reference_point = std::vector{1.0, 2.0}}),
               ConfigError);
}

}  // namespace wattune::samplers
