#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/asked.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/trial/history.hpp"

namespace wattune {

/// A training program that exists on paper only: what it would report, and what that costs.
struct SimulatedTraining {
  using Configuration = space::Configuration;

  /// Metrics of a trial at a step; a value that is not finite ends the trial as FailedMetric.
  std::function<std::vector<trial::MetricValue>(const Configuration&, TrialId, double step)>
      metrics;
  std::function<double(const Configuration&)> joules_per_unit = [](const Configuration&) {
    return 1.0;
  };
  std::function<double(const Configuration&)> seconds_per_unit = [](const Configuration&) {
    return 0.01;
  };
  std::function<double(const Configuration&)> samples_per_unit = [](const Configuration&) {
    return 0.0;
  };
  /// Step at which a trial fails, and how.
  std::function<std::optional<std::pair<double, trial::Outcome>>(const Configuration&, TrialId)>
      failure = [](const Configuration&, TrialId) { return std::nullopt; };
  /// Step at which a program ends by itself.
  std::function<std::optional<double>(const Configuration&, TrialId)> own_end =
      [](const Configuration&, TrialId) { return std::nullopt; };
  std::optional<double> report_every;  ///< Where the strategy has no wish.
  bool has_checkpoints = true;         ///< A paused trial can go on from where it was.
  Provenance provenance = Provenance::Measured;
};

/// A training whose curve depends on the configuration; every seventh trial fails half way.
inline SimulatedTraining ordinary_training(const trial::Problem& problem) {
  const space::Space space = problem.space;
  const double max = problem.resource.max;
  SimulatedTraining training;
  training.metrics = [space, max](const space::Configuration& configuration, TrialId, double step) {
    double distance = 0.0;
    for (const double u : space.to_unit(configuration)) distance += (u - 0.3) * (u - 0.3);
    const double accuracy = (1.0 - distance / 4.0) * (1.0 - std::exp(-6.0 * step / max));
    return std::vector<trial::MetricValue>{{"accuracy", accuracy}, {"train_loss", 1.5 - accuracy}};
  };
  training.joules_per_unit = [space](const space::Configuration& configuration) {
    return 1.0 + space.to_unit(configuration).front();
  };
  training.failure = [max](const space::Configuration&,
                           TrialId id) -> std::optional<std::pair<double, trial::Outcome>> {
    if (id.number() % 7 != 5) return std::nullopt;
    return std::pair{0.4 * max, trial::Outcome::FailedExit};
  };
  training.report_every = max / 50.0;
  return training;
}

/// Runs a strategy on simulated trainings, several at a time, and keeps the log.
///
/// Checks on the way what every strategy owes: see tests/contracts/strategy_contract.hpp.
class SimulatedStudy {
 public:
  SimulatedStudy(trial::Problem problem, SimulatedTraining training, std::size_t num_slots = 1)
      : history_(std::move(problem)), training_(std::move(training)), num_slots_(num_slots) {}

  /// Goes on until the strategy has finished or the log has this many events.
  /// True when it has finished.
  bool run(strategies::Strategy& strategy, std::size_t max_events = 1'000'000) {
    while (log_.size() < max_events) {
      const bool is_finished = fill_slots(strategy);
      if (::testing::Test::HasFatalFailure()) return false;
      if (running_.empty()) return is_finished;
      advance(strategy);
    }
    return false;
  }

  /// Ends everything that runs, as a killed engine finds it when the study is resumed.
  void interrupt(trial::Outcome outcome = trial::Outcome::Lost) {
    for (const auto& [number, run] : running_) {
      log(trial::AssignmentEnded{TrialId{number}, outcome, "", Seconds{0.0}, {}});
    }
    running_.clear();
  }

  [[nodiscard]] const trial::History& history() const { return history_; }
  [[nodiscard]] const std::vector<trial::Event>& events() const { return log_; }
  [[nodiscard]] const std::vector<Asked>& asked() const { return asked_; }

  /// Joules of all trials, as reported.
  [[nodiscard]] double joules() const { return history_.total_energy().total().joules().value(); }

 private:
  struct Run {
    double step = 0.0;     // where it is
    double at = 0.0;       // simulated time of that
    double pending = 0.0;  // joules since the last report that counted
    trial::Assignment assignment;
  };

  void log(trial::Event event) {
    history_.apply(event);
    log_.push_back(std::move(event));
  }

  bool fill_slots(strategies::Strategy& strategy) {
    while (running_.size() < num_slots_) {
      const std::size_t num_events = log_.size();
      const strategies::Next next = strategy.next(history_);
      asked_.push_back({num_events, std::nullopt, in_words(next, history_.problem().space)});
      if (std::holds_alternative<strategies::Finished>(next)) return true;
      if (std::holds_alternative<strategies::Wait>(next)) {
        EXPECT_FALSE(running_.empty()) << "Wait while nothing runs";
        return false;
      }
      act(next);
      if (::testing::Test::HasFatalFailure()) return false;
    }
    return false;
  }

  void act(const strategies::Next& next) {
    if (const auto* idle = std::get_if<strategies::MeasureIdle>(&next)) {
      ASSERT_TRUE(running_.empty()) << "idle power asked for while a trial runs";
      log(trial::IdleMeasured{Watts{1.0}, idle->duration, {}});
      return;
    }
    if (const auto* fresh = std::get_if<strategies::NewTrial>(&next)) {
      const trial::Problem& problem = history_.problem();
      ASSERT_TRUE(problem.space.contains(fresh->configuration));
      ASSERT_EQ(fresh->assignment.trial, history_.next_trial_id());
      ASSERT_EQ(fresh->assignment.from, 0.0);
      log(trial::TrialCreated{fresh->assignment.trial, fresh->purpose, fresh->origin,
                              fresh->configuration, fresh->repeat});
      start(fresh->assignment);
      return;
    }
    const trial::Assignment& assignment = std::get<strategies::Resume>(next).assignment;
    const trial::Trial& trial = history_.trial(assignment.trial);
    ASSERT_FALSE(trial.is_running());
    ASSERT_NE(trial.state(), trial::TrialState::Failed) << "a failed trial was taken up again";
    ASSERT_NE(trial.state(), trial::TrialState::Stopped) << "a stopped trial was taken up again";
    ASSERT_NE(trial.state(), trial::TrialState::Completed);
    const auto checkpoint = trial.checkpoint();
    ASSERT_EQ(assignment.from, checkpoint ? checkpoint->position : 0.0);
    ASSERT_GT(assignment.to, trial.step()) << "an assignment leads beyond where the trial is";
    start(assignment);
  }

  void start(const trial::Assignment& assignment) {
    ASSERT_GT(assignment.to, assignment.from) << in_words(assignment);
    ASSERT_LE(assignment.to, history_.problem().resource.max);
    log(trial::Assigned{assignment});
    const auto checkpoint = history_.trial(assignment.trial).checkpoint();
    const double step = checkpoint ? checkpoint->step : 0.0;
    running_[assignment.trial.number()] = Run{step, now_, 0.0, assignment};
  }

  /// The step of a run's next report.
  [[nodiscard]] double next_step(const Run& run) const {
    const trial::Resource& resource = history_.problem().resource;
    const double end = run.step < run.assignment.to ? run.assignment.to : resource.max;
    const bool is_asked = run.assignment.report_every && !trial::is_metered(resource.unit);
    const auto every = is_asked ? run.assignment.report_every : training_.report_every;
    if (trial::is_metered(resource.unit)) {  // it knows of no end, and reports as it likes
      return (std::floor(run.step / every.value() + 1e-9) + 1.0) * *every;
    }
    if (!every) return end;
    return std::min(end, (std::floor(run.step / *every + 1e-9) + 1.0) * *every);
  }

  /// Lets the run that is first at its next report get there.
  void advance(strategies::Strategy& strategy) {
    auto first = running_.end();
    double soonest = std::numeric_limits<double>::infinity();
    for (auto run = running_.begin(); run != running_.end(); ++run) {
      const auto& configuration = history_.trial(TrialId{run->first}).configuration();
      const double at = run->second.at + (next_step(run->second) - run->second.step) *
                                             training_.seconds_per_unit(configuration);
      if (at < soonest) {
        soonest = at;
        first = run;
      }
    }
    report(strategy, TrialId{first->first}, first->second);
  }

  void report(strategies::Strategy& strategy, TrialId id, Run& run) {
    const space::Configuration configuration = history_.trial(id).configuration();
    double step = next_step(run);
    const auto own_end = training_.own_end(configuration, id);
    if (own_end && step > *own_end) step = std::max(run.step, *own_end);
    const auto failure = training_.failure(configuration, id);
    const bool fails = failure && step >= failure->first;
    if (fails) step = std::max(run.step, failure->first);

    const double units = step - run.step;
    const Seconds duration{units * training_.seconds_per_unit(configuration)};
    run.pending += units * training_.joules_per_unit(configuration);
    run.at += duration.value();
    now_ = std::max(now_, run.at);
    run.step = step;
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{run.pending});
    energy.provenance = training_.provenance;
    const auto metrics = training_.metrics(configuration, id, step);
    const bool diverged = std::ranges::any_of(
        metrics, [](const trial::MetricValue& metric) { return !std::isfinite(metric.value); });
    if (fails || diverged) {
      return end(id, fails ? failure->second : trial::Outcome::FailedMetric, energy);
    }
    if (step > history_.trial(id).program_step()) {  // work done again is not reported again
      log(trial::Reported{id, step, units * training_.samples_per_unit(configuration), duration,
                          energy, metrics});
      run.pending = 0.0;
      answer(strategy, id, run);
    }
    if (!running_.contains(id.number())) return;
    const trial::Resource& resource = history_.problem().resource;
    const double position = trial::is_metered(resource.unit) ? history_.trial(id).step() : step;
    const bool is_at_end = position >= resource.max || (own_end && step >= *own_end);
    if (is_at_end) end(id, trial::Outcome::Completed, {});
  }

  void answer(strategies::Strategy& strategy, TrialId id, const Run& run) {
    const trial::Verdict verdict = strategy.decide(history_, id);
    asked_.push_back({log_.size(), id, std::string(to_text(verdict))});
    if (verdict == trial::Verdict::Continue) return;
    log(trial::Decided{id, run.step, verdict});
    const bool pauses = verdict == trial::Verdict::Pause;
    if (pauses && training_.has_checkpoints) log(trial::CheckpointSaved{id, run.step, "/dev/null"});
    end(id, pauses ? trial::Outcome::Paused : trial::Outcome::Stopped, {});
  }

  void end(TrialId id, trial::Outcome outcome, const EnergyFigure& energy) {
    log(trial::AssignmentEnded{id, outcome, "", Seconds{0.0}, energy});
    running_.erase(id.number());
  }

  trial::History history_;
  SimulatedTraining training_;
  std::size_t num_slots_;
  double now_ = 0.0;
  std::map<std::uint32_t, Run> running_;
  std::vector<trial::Event> log_;
  std::vector<Asked> asked_;
};

/// Asks after the end of every assignment which of the paused trials are still wanted; the others
/// must not be assigned again.
inline void expect_nothing_unwanted_is_taken_up(
    const SimulatedStudy& study,
    const std::function<std::unique_ptr<strategies::Strategy>()>& make_strategy) {
  trial::History history(study.history().problem());
  const auto strategy = make_strategy();
  std::set<TrialId> unwanted;
  for (const trial::Event& event : study.events()) {
    if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
      ASSERT_FALSE(unwanted.contains(assigned->assignment.trial))
          << "trial " << assigned->assignment.trial.number() << " was wanted after all";
    }
    history.apply(event);
    if (!std::holds_alternative<trial::AssignmentEnded>(event)) continue;
    std::vector<TrialId> paused;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.state() == trial::TrialState::Paused) paused.push_back(trial.id());
    }
    const std::vector<TrialId> wanted = strategy->still_wanted(history, paused);
    for (const TrialId id : wanted) {
      ASSERT_NE(std::ranges::find(paused, id), paused.end()) << "wants what it was not asked of";
    }
    for (const TrialId id : paused) {
      if (std::ranges::find(wanted, id) == wanted.end()) unwanted.insert(id);
    }
  }
}

/// Puts every question of a study again to new strategies that see the log as it was then, and
/// compares the answers.
inline void expect_same_answers(
    const SimulatedStudy& study,
    const std::function<std::unique_ptr<strategies::Strategy>()>& make_strategy) {
  trial::History history(study.history().problem());
  std::size_t num_applied = 0;
  for (const Asked& asked : study.asked()) {
    for (; num_applied < asked.num_events; ++num_applied)
      history.apply(study.events()[num_applied]);
    const auto strategy = make_strategy();
    const std::string answer = asked.trial
                                   ? std::string(to_text(strategy->decide(history, *asked.trial)))
                                   : in_words(strategy->next(history), history.problem().space);
    ASSERT_EQ(answer, asked.answer) << "after " << asked.num_events << " events";
  }
}

}  // namespace wattune
