#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "wattune/config/known_names.hpp"
#include "wattune/config/sampler_section.hpp"
#include "wattune/config/scheduler_section.hpp"
#include "wattune/schedulers/asha.hpp"
#include "wattune/schedulers/extrapolation.hpp"
#include "wattune/schedulers/patience.hpp"
#include "wattune/schedulers/percentile.hpp"
#include "wattune/strategies/compose.hpp"

// Every scheduler works with every sampler.

namespace wattune::config {
namespace {

constexpr trial::Resource kResource{trial::ResourceUnit::Epochs, 1.0, 9.0};
constexpr std::size_t kNumTrials = 14;

/// A sampler that has no more than so many configurations to offer.
class Limited final : public samplers::Sampler {
 public:
  explicit Limited(std::unique_ptr<samplers::Sampler> inner) : inner_(std::move(inner)) {}
  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    if (history.trials().size() >= kNumTrials) return std::nullopt;
    return inner_->suggest(history, rng);
  }
  std::string describe() const override { return inner_->describe(); }

 private:
  std::unique_ptr<samplers::Sampler> inner_;
};

trial::Problem problem_of(std::size_t num_objectives) {
  trial::Problem problem =
      accuracy_problem({float_parameter("x", 0.0, 1.0), int_parameter("n", 1, 20)}, kResource);
  if (num_objectives > 1) {
    problem.objectives.push_back({trial::measure_from_text("energy"), trial::Direction::Minimize});
  }
  return problem;
}

using MakeScheduler = decltype(SchedulerSection::make);

/// The known schedulers, and what else they can be.
std::vector<std::pair<std::string, MakeScheduler>> all_schedulers() {
  std::vector<std::pair<std::string, MakeScheduler>> all;
  for (const std::string& name : known_schedulers())
    all.emplace_back(name, scheduler_of(name).make);
  all.emplace_back("stopping", [](const trial::Problem& problem, std::optional<std::size_t>) {
    return schedulers::make_asha(problem.resource, {.variant = schedulers::AshaVariant::Stopping});
  });
  all.emplace_back("rules", [](const trial::Problem& problem, std::optional<std::size_t>) {
    std::vector<std::unique_ptr<schedulers::StopRule>> rules;
    rules.push_back(schedulers::make_percentile_rule(problem));
    rules.push_back(schedulers::make_patience_rule(problem));
    rules.push_back(schedulers::make_convergence_rule(problem, {.min_gain = 0.001}));
    rules.push_back(schedulers::make_extrapolation_rule(problem));
    return schedulers::stop_when(problem.resource, scheduler_of("asha").make(problem, {}),
                                 std::move(rules));
  });
  return all;
}

class Combination : public ::testing::TestWithParam<std::tuple<std::string, std::size_t>> {};

TEST_P(Combination, OfThisSamplerWithAnySchedulerRunsToItsEnd) {
  const auto& [sampler, num_objectives] = GetParam();
  const trial::Problem problem = problem_of(num_objectives);
  for (const auto& [name, make] : all_schedulers()) {
    const trial::Budgets budgets{.trials = kNumTrials};
    const auto strategy = strategies::compose(
        std::make_unique<Limited>(sampler_of(sampler).make({problem, budgets, name != "full"})),
        make(problem, kNumTrials));
    SimulatedTraining training = ordinary_training(problem);
    training.report_every = 1.0;
    SimulatedStudy study(problem, training, 2);
    EXPECT_TRUE(study.run(*strategy)) << name;
    EXPECT_EQ(study.history().trials().size(), kNumTrials) << name;
  }
}

std::vector<std::string> all_samplers() {
  return {known_samplers().begin(), known_samplers().end()};
}

INSTANTIATE_TEST_SUITE_P(Samplers, Combination,
                         ::testing::Combine(::testing::ValuesIn(all_samplers()),
                                            ::testing::Values(1U, 2U)),
                         [](const auto& one) {
                           return std::get<0>(one.param) + "_" +
                                  std::to_string(std::get<1>(one.param));
                         });

}  // namespace
}  // namespace wattune::config
