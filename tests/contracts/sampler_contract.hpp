#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/samplers/sampler.hpp"

// What every sampler promises. A new sampler instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Tpe, SamplerContract, testing::Values(SamplerCase{...}), case_name);

namespace wattune::samplers {

struct SamplerCase {
  std::string name;
  std::function<std::unique_ptr<Sampler>(const trial::Problem&)> make;
};

inline std::ostream& operator<<(std::ostream& out, const SamplerCase& sampler_case) {
  return out << sampler_case.name;
}

inline std::string case_name(const testing::TestParamInfo<SamplerCase>& info) {
  return info.param.name;
}

namespace contract {

inline bool has_only_finite_floats(const space::Configuration& configuration) {
  for (const space::Value& value : configuration.values()) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return false;
  }
  return true;
}

/// Made-up results that depend on the configuration's place in the cube.
inline std::vector<double> made_up_values(const trial::Problem& problem,
                                          const space::Configuration& configuration) {
  const std::vector<double> point = problem.space.to_unit(configuration);
  std::vector<double> values;
  for (std::size_t k = 0; k < problem.objectives.size() + problem.constraints.size(); ++k) {
    double sum = -0.3;
    for (std::size_t d = 0; d < point.size(); ++d) {
      sum += std::cos(static_cast<double>(k + 1) * point[d] + static_cast<double>(d)) * 0.2;
    }
    values.push_back(sum);
  }
  return values;
}

/// Adds a trial whose fate is one of many: completed, failed in several ways, running, paused
/// early, resumed, stopped, without metrics.
inline void add_any_trial(fake::HistoryBuilder& builder,
                          const space::Configuration& configuration) {
  using trial::Outcome;
  const trial::Problem& problem = builder.history().problem();
  const std::vector<double> values = made_up_values(problem, configuration);
  const std::size_t fate = builder.history().trials().size() % 12;
  if (fate == 3) {
    builder.add_failed(configuration);
    return;
  }
  if (fate == 5 || fate == 11) {
    builder.add_running(configuration);
    if (fate == 5)
      builder.report(TrialId{builder.history().next_trial_id().number() - 1}, 1, values);
    return;
  }
  if (fate == 7 || fate == 9) {
    const TrialId id = builder.add_running(configuration);
    builder.report(id, 1.0, values);
    builder.end(id, fate == 7 ? Outcome::Paused : Outcome::FailedMemory);
    if (fate == 7 && id.number() % 24 == 7) builder.assign(id);
    return;
  }
  if (fate == 8) {
    const TrialId id = builder.add_running(configuration);
    builder.report(id, 2.0, values);
    builder.end(id, Outcome::Stopped);
    return;
  }
  builder.add_completed(configuration, values);
}

inline Rng stream_of(const trial::History& history) {
  return Rng{history.problem().seed, history.next_trial_id().number()};
}

}  // namespace contract

class SamplerContract : public testing::TestWithParam<SamplerCase> {
 protected:
  using Directions = std::vector<trial::Direction>;

  static std::optional<space::Configuration> ask(Sampler& sampler, const trial::History& history) {
    Rng rng = contract::stream_of(history);
    return sampler.suggest(history, rng);
  }

  [[nodiscard]] std::unique_ptr<Sampler> make(const trial::Problem& problem) const {
    return GetParam().make(problem);
  }

  /// Asks `count` times and gives every trial a fate; checks every suggestion.
  void run_study(fake::HistoryBuilder& builder, std::size_t count) const {
    const auto sampler = make(builder.history().problem());
    const space::Space& space = builder.history().problem().space;
    for (std::size_t i = 0; i < count; ++i) {
      const auto suggestion = ask(*sampler, builder.history());
      ASSERT_TRUE(suggestion.has_value()) << "at trial " << i;
      ASSERT_TRUE(contract::has_only_finite_floats(*suggestion)) << "at trial " << i;
      ASSERT_TRUE(space.contains(*suggestion)) << "at trial " << i;
      contract::add_any_trial(builder, *suggestion);
    }
  }

  static trial::Problem problem_of(const Directions& directions, std::size_t num_constraints = 0) {
    return fake::make_problem(fake::every_kind(), directions, num_constraints, 4.0);
  }
};

TEST_P(SamplerContract, StaysInsideTheSpaceWhateverBecomesOfTheTrials) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize})};
  run_study(builder, 150);
}

TEST_P(SamplerContract, AcceptsSeveralObjectivesOfMixedDirectionsAndConstraints) {
  fake::HistoryBuilder builder{problem_of(
      {trial::Direction::Maximize, trial::Direction::Minimize, trial::Direction::Maximize}, 2)};
  run_study(builder, 150);
}

TEST_P(SamplerContract, ANewObjectSuggestsTheSameFromTheSameHistory) {
  fake::HistoryBuilder builder{
      problem_of({trial::Direction::Maximize, trial::Direction::Minimize}, 1)};
  const auto asked_at_every_step = make(builder.history().problem());
  for (std::size_t i = 0; i < 100; ++i) {
    const auto suggestion = ask(*asked_at_every_step, builder.history());
    ASSERT_TRUE(suggestion.has_value());
    const auto asked_only_now = make(builder.history().problem());
    ASSERT_EQ(ask(*asked_only_now, builder.history()), suggestion) << "at trial " << i;
    contract::add_any_trial(builder, *suggestion);
  }
}

TEST_P(SamplerContract, AskingIsNotRemembered) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize})};
  run_study(builder, 40);
  const auto sampler = make(builder.history().problem());
  const auto first = ask(*sampler, builder.history());
  EXPECT_EQ(ask(*sampler, builder.history()), first);
}

TEST_P(SamplerContract, NoticesWhatTrialsReportWhileTheyGoOn) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize})};
  run_study(builder, 60);
  const auto sampler = make(builder.history().problem());
  static_cast<void>(ask(*sampler, builder.history()));

  // Paused trials go on, report and pause again; running ones report. No trial is new.
  for (std::uint32_t i = 0; i < 60; ++i) {
    const trial::Trial& trial = builder.history().trial(TrialId{i});
    if (trial.state() == trial::TrialState::Paused) builder.assign(TrialId{i});
    if (!trial.is_running()) continue;
    const double value =
        contract::made_up_values(builder.history().problem(), trial.configuration())[0];
    builder.report(TrialId{i}, trial.step() + 2.0, value);
    const auto asked_only_now = make(builder.history().problem());
    ASSERT_EQ(ask(*sampler, builder.history()), ask(*asked_only_now, builder.history()))
        << "after trial " << i;
    if (i % 24 == 7) builder.end(TrialId{i}, trial::Outcome::Paused);
  }
}

TEST_P(SamplerContract, KeepsSuggestingWhenEveryTrialFails) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize})};
  const auto sampler = make(builder.history().problem());
  for (std::size_t i = 0; i < 60; ++i) {
    const auto suggestion = ask(*sampler, builder.history());
    ASSERT_TRUE(suggestion.has_value());
    builder.add_failed(*suggestion);
  }
}

TEST_P(SamplerContract, KeepsSuggestingWhenNothingHasEndedYet) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize})};
  const auto sampler = make(builder.history().problem());
  std::vector<space::Configuration> suggestions;
  for (std::size_t i = 0; i < 60; ++i) {
    const auto suggestion = ask(*sampler, builder.history());
    ASSERT_TRUE(suggestion.has_value());
    suggestions.push_back(*suggestion);
    builder.add_running(*suggestion);
  }
  std::ranges::sort(suggestions);
  EXPECT_EQ(std::ranges::adjacent_find(suggestions), suggestions.end()) << "asked for twice";
}

TEST_P(SamplerContract, KeepsSuggestingWhenEveryTrialBreaksTheConstraintsOrAllAreEqual) {
  fake::HistoryBuilder builder{problem_of({trial::Direction::Minimize}, 1)};
  const auto sampler = make(builder.history().problem());
  for (std::size_t i = 0; i < 60; ++i) {
    const auto suggestion = ask(*sampler, builder.history());
    ASSERT_TRUE(suggestion.has_value());
    ASSERT_TRUE(builder.history().problem().space.contains(*suggestion));
    builder.add_completed(*suggestion, std::vector{1e300, 1e300});
  }
}

TEST_P(SamplerContract, FindsTheOnlyAllowedCombination) {
  fake::HistoryBuilder builder{
      fake::make_problem(fake::nearly_all_forbidden(), {trial::Direction::Minimize})};
  const auto sampler = make(builder.history().problem());
  const auto first = ask(*sampler, builder.history());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(builder.history().problem().space.value_text(0, (*first)[0]), "c");
  EXPECT_EQ(builder.history().problem().space.value_text(1, (*first)[1]), "b");
  for (std::size_t i = 0; i < 40; ++i) {
    builder.add_completed(*first, 1.0);
    const auto suggestion = ask(*sampler, builder.history());
    EXPECT_EQ(suggestion.value_or(*first), *first);  // nothing: it was the only one
  }
}

TEST_P(SamplerContract, AcceptsASpaceWithoutAChoice) {
  fake::HistoryBuilder builder{
      fake::make_problem(fake::one_choice(), {trial::Direction::Minimize})};
  const auto sampler = make(builder.history().problem());
  for (std::size_t i = 0; i < 30; ++i) {
    const auto suggestion = ask(*sampler, builder.history());
    if (!suggestion) {
      ASSERT_GT(i, 0u);
      break;
    }
    ASSERT_TRUE(builder.history().problem().space.contains(*suggestion));
    builder.add_completed(*suggestion, 1.0);
  }
}

TEST_P(SamplerContract, SaysWhatItIs) {
  EXPECT_FALSE(make(problem_of({trial::Direction::Minimize}))->describe().empty());
}

}  // namespace wattune::samplers
