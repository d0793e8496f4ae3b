#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/problems.hpp"
#include "support/uniform_sampler.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/strategies/sm2.hpp"

// SM2 without energy and stability beside plain halving, on random histories. No test framework is
// needed, so that a benchmark can count as well.

namespace wattune {

struct Sm2Equality {
  std::size_t num_histories = 0;
  std::size_t num_different = 0;   ///< Histories with at least one other decision.
  std::size_t num_promotions = 0;  ///< Of all of them: how much there was to compare.
  std::string first_difference;    ///< In words; empty where there is none.
};

namespace sm2_equality {

/// What every trial of one random history would report, and how it ends.
struct RandomTrainings {
  explicit RandomTrainings(std::uint64_t seed)
      : rng(seed),
        num_candidates(2 + rng.index(15)),
        problem(
            accuracy_problem({float_parameter("x", 0.0, 1.0)},
                             {trial::ResourceUnit::Samples, 1.0 + static_cast<double>(rng.index(3)),
                              5.0 + static_cast<double>(rng.index(40))})),
        curve_seed(rng.bits()),
        num_levels(2 + rng.index(30)),
        scale(rng.index(6) == 0 ? 1e300 : 1.0),
        has_failures(rng.index(2) == 0),
        num_slots(1 + rng.index(3)) {
    if (rng.index(3) != 0) return;
    problem.constraints = {{trial::measure_from_text("memory"), std::nullopt, 0.5}};
  }

  [[nodiscard]] std::vector<trial::MetricValue> metrics(TrialId id, double step) const {
    Rng values{mix_seed(curve_seed, id.number()), static_cast<std::uint64_t>(step * 16.0)};
    const double accuracy = scale * static_cast<double>(values.index(num_levels));
    return {{"accuracy", accuracy}, {"memory", values.uniform()}};
  }
  [[nodiscard]] double failure_at(TrialId id) const {
    Rng values{curve_seed, id.number()};
    const bool fails = has_failures && values.index(4) == 0;
    return fails ? values.uniform(0.0, 20.0) : std::numeric_limits<double>::infinity();
  }
  [[nodiscard]] double own_end_of(TrialId id) const {
    Rng values{curve_seed + 1, id.number()};
    const bool ends = values.index(6) == 0;
    return ends ? values.uniform(0.5, 20.0) : std::numeric_limits<double>::infinity();
  }
  [[nodiscard]] double seconds_per_step(TrialId id) const {
    Rng values{curve_seed + 2, id.number()};
    return values.uniform(0.1, 1.0);
  }

  Rng rng;
  std::size_t num_candidates;
  trial::Problem problem;
  std::uint64_t curve_seed;
  std::size_t num_levels;  // few of them make ties
  double scale;
  bool has_failures;
  std::size_t num_slots;
};

/// Plain successive halving of so many trials, one bracket.
class PlainHalving final : public strategies::Strategy {
 public:
  PlainHalving(const trial::Problem& problem, std::size_t num_trials)
      : scheduler_(schedulers::make_successive_halving(
            problem.resource, {2, num_trials, schedulers::RankBy::FirstObjective})),
        num_trials_(num_trials) {}

  strategies::Next next(const trial::History& history) override {
    const auto fresh = history.trials().size() < num_trials_ ? schedulers::Fresh::Available
                                                             : schedulers::Fresh::Exhausted;
    const schedulers::Step step = scheduler_->next(history, fresh);
    if (const auto* start = std::get_if<schedulers::StartFresh>(&step)) {
      strategies::NewTrial made;
      made.configuration = history.problem().space.from_unit(std::vector<double>{0.5});
      made.assignment = assignment_to(history.next_trial_id(), 0.0, start->to, start->rung);
      return made;
    }
    if (const auto* promote = std::get_if<schedulers::Promote>(&step)) {
      const auto checkpoint = history.trial(promote->trial).checkpoint();
      return strategies::Resume{assignment_to(promote->trial, checkpoint ? checkpoint->step : 0.0,
                                              promote->to, promote->rung)};
    }
    if (std::holds_alternative<schedulers::Wait>(step)) return strategies::Wait{};
    return strategies::Finished{"done"};
  }
  trial::Verdict decide(const trial::History& history, TrialId trial) override {
    return scheduler_->decide(history, trial);
  }
  std::string progress(const trial::History&) const override { return ""; }
  std::vector<std::string> notes(const trial::History&) const override { return {}; }
  std::string describe() const override { return scheduler_->describe(); }

 private:
  std::unique_ptr<schedulers::Scheduler> scheduler_;
  std::size_t num_trials_;
};

/// Lets a strategy train on paper, several at a time, and keeps what it decides.
class Rehearsal {
 public:
  explicit Rehearsal(const RandomTrainings& trainings)
      : trainings_(trainings), history_(trainings.problem) {}

  std::vector<std::string> decisions_of(strategies::Strategy& strategy) {
    while (fill(strategy) && !running_.empty()) advance(strategy);
    return std::move(decisions_);
  }
  [[nodiscard]] std::size_t num_promotions() const { return num_promotions_; }

 private:
  struct Run {
    double step = 0.0;
    double at = 0.0;
  };

  /// False once the strategy has finished and nothing runs.
  bool fill(strategies::Strategy& strategy) {
    while (running_.size() < trainings_.num_slots) {
      strategies::Next next = strategy.next(history_);
      trial::Assignment assignment;
      if (auto* fresh = std::get_if<strategies::NewTrial>(&next)) {
        assignment = fresh->assignment;
        history_.apply(trial::TrialCreated{assignment.trial, trial::Purpose::Search,
                                           trial::Origin::Sampler, fresh->configuration});
      } else if (const auto* resume = std::get_if<strategies::Resume>(&next)) {
        assignment = resume->assignment;
        ++num_promotions_;
      } else {
        return std::holds_alternative<strategies::Wait>(next) || !running_.empty();
      }
      note(assignment.trial, assignment.to, "to rung " + std::to_string(assignment.rung));
      history_.apply(trial::Assigned{assignment});
      running_[assignment.trial.number()] = {assignment.from, now_};
    }
    return true;
  }

  void note(TrialId id, double step, const std::string& what) {
    decisions_.push_back(std::to_string(id.number()) + " at " + std::to_string(step) + " " + what);
  }

  [[nodiscard]] double next_step(TrialId id, const Run& run) const {
    const double target = history_.trial(id).target();
    const double whole = run.step < target ? std::min(run.step + 1.0, target) : run.step + 1.0;
    return std::min(whole, trainings_.problem.resource.max);
  }

  void advance(strategies::Strategy& strategy) {
    const auto due = [&](const auto& entry) {
      const TrialId id{entry.first};
      const double length = next_step(id, entry.second) - entry.second.step;
      return entry.second.at + length * trainings_.seconds_per_step(id);
    };
    const auto first = std::ranges::min_element(running_, {}, due);
    now_ = due(*first);
    first->second.at = now_;
    report(strategy, TrialId{first->first}, first->second);
  }

  void report(strategies::Strategy& strategy, TrialId id, Run& run) {
    const double step = next_step(id, run);
    if (step >= trainings_.failure_at(id)) return end(id, trial::Outcome::FailedExit);
    const double own_end = trainings_.own_end_of(id);
    const bool is_over = step >= own_end || step >= trainings_.problem.resource.max;
    run.step = step;
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{1.0 + id.number() % 5});
    history_.apply(
        trial::Reported{id, step, 0.0, Seconds{1.0}, energy, trainings_.metrics(id, step)});
    const trial::Verdict verdict = strategy.decide(history_, id);
    if (verdict != trial::Verdict::Continue) note(id, step, std::string(to_text(verdict)));
    if (is_over) return end(id, trial::Outcome::Completed);
    if (verdict == trial::Verdict::Continue) return;
    history_.apply(trial::CheckpointSaved{id, step, "-"});
    end(id, verdict == trial::Verdict::Pause ? trial::Outcome::Paused : trial::Outcome::Stopped);
  }

  void end(TrialId id, trial::Outcome outcome) {
    history_.apply(trial::AssignmentEnded{id, outcome, "", Seconds{0.0}, {}});
    running_.erase(id.number());
  }

  const RandomTrainings& trainings_;
  trial::History history_;
  std::map<std::uint32_t, Run> running_;
  double now_ = 0.0;
  std::size_t num_promotions_ = 0;
  std::vector<std::string> decisions_;
};

}  // namespace sm2_equality

/// Compares every decision of SM2 with energy and stability weights of 0 with those of plain
/// halving of the same candidates: who starts, who goes on and how far, who pauses. The histories
/// have ties, constraints, failures, programs that end early and up to three trials at a time.
inline Sm2Equality compare_sm2_with_halving(std::size_t num_histories, std::uint64_t seed = 0) {
  Sm2Equality compared;
  for (std::size_t i = 0; i < num_histories; ++i) {
    const sm2_equality::RandomTrainings trainings(mix_seed(seed, i));
    strategies::Sm2Options options;
    options.weights = {1.0, 0.0, 0.0};
    options.max_candidates = trainings.num_candidates;
    options.idle_duration = Seconds{0.0};
    const auto sm2 =
        strategies::make_sm2(trainings.problem, std::make_unique<UniformSampler>(), options);
    sm2_equality::PlainHalving halving(trainings.problem, trainings.num_candidates);
    sm2_equality::Rehearsal left(trainings);
    sm2_equality::Rehearsal right(trainings);
    const auto ours = left.decisions_of(*sm2);
    const auto plain = right.decisions_of(halving);
    ++compared.num_histories;
    compared.num_promotions += left.num_promotions();
    if (ours == plain) continue;
    ++compared.num_different;
    if (!compared.first_difference.empty()) continue;
    const auto [a, b] = std::ranges::mismatch(ours, plain);
    compared.first_difference = "history " + std::to_string(i) + ": SM2 " +
                                (a == ours.end() ? "ends" : *a) + ", halving " +
                                (b == plain.end() ? "ends" : *b);
  }
  return compared;
}

}  // namespace wattune
