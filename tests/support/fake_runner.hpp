#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/require.hpp"
#include "wattune/runners/runner.hpp"

namespace wattune {

struct FakeRunnerOptions {
  std::size_t num_slots = 1;
  double max_step = 9.0;      ///< A full training.
  double report_every = 1.0;  ///< Unless the assignment says otherwise.
  Seconds per_step{1.0};
  Watts power{2.0};                     ///< Half of it idle.
  bool checkpoints_at_reports = false;  ///< Else only when told to pause.
  bool tells_unbooked = false;          ///< What was drawn since the last edge.
  /// Metrics of a configuration at a step.
  std::function<std::vector<trial::MetricValue>(const runners::Launch&, double step)> metrics =
      [](const runners::Launch&, double step) {
        return std::vector<trial::MetricValue>{{"val_accuracy", step}};
      };
  /// How a trial fails at its start; nothing where it runs.
  std::function<std::optional<trial::Outcome>(const runners::Launch&)> failure =
      [](const runners::Launch&) { return std::nullopt; };
  /// What an assignment waits for before it starts; a wait takes a second.
  std::function<runners::Preparation()> prepare = [] { return runners::Preparation{}; };
};

/// Trainings without processes: they take virtual time, report at even steps, wait for every answer
/// and do what they are told. The same calls give the same events.
class FakeRunner final : public runners::Runner {
 public:
  FakeRunner(ManualClock& clock, FakeRunnerOptions options)
      : clock_(clock), options_(std::move(options)), booked_until_(clock.now()) {}

  [[nodiscard]] std::size_t num_free_slots() const override {
    return options_.num_slots - trials_.size();
  }

  [[nodiscard]] runners::Preparation prepare(const std::vector<DeviceTemperature>&) override {
    runners::Preparation preparation = options_.prepare();
    if (!preparation.is_ready) clock_.advance(Seconds{1.0});
    return preparation;
  }

  void start(const runners::Launch& launch) override {
    WATTUNE_REQUIRE(num_free_slots() > 0);
    launches_.push_back(launch);
    Fake& fake = trials_[launch.assignment.trial];
    fake.launch = launch;
    fake.step = launch.resume_from ? launch.resume_from->step : 0.0;
    fake.since = fake.last_edge = clock_.now();
    plan_next_report(fake);
    if (const auto outcome = options_.failure(launch)) {
      fake.leaves_with = outcome;
      fake.due = after(clock_.now(), options_.per_step);
    }
  }

  [[nodiscard]] std::vector<trial::Event> wait(Seconds at_most) override {
    ++num_waits_;
    if (before_wait) before_wait();
    const MonotonicTime deadline = after(clock_.now(), at_most);
    Fake* first = nullptr;
    for (auto& [id, fake] : trials_) {
      if (fake.due && (first == nullptr || *fake.due < *first->due)) first = &fake;
    }
    if (first == nullptr || *first->due > deadline) {
      clock_.advance(elapsed(clock_.now(), deadline));
      return {};
    }
    clock_.advance(elapsed(clock_.now(), std::max(*first->due, clock_.now())));
    return first->leaves_with ? leave(*first) : report(*first);
  }

  void answer(TrialId trial, trial::Verdict verdict, double until) override {
    Fake& fake = trials_.at(trial);
    WATTUNE_REQUIRE(!fake.due && !fake.leaves_with);
    answers_.push_back({trial, fake.step, verdict, until});
    if (verdict == trial::Verdict::Pause) {
      fake.leaves_with = trial::Outcome::Paused;
    } else if (verdict == trial::Verdict::Stop) {
      fake.leaves_with = trial::Outcome::Stopped;
    } else if (fake.step >= options_.max_step) {
      fake.leaves_with = trial::Outcome::Completed;
    } else {
      return plan_next_report(fake);
    }
    fake.due = clock_.now();
  }

  void end(TrialId trial, trial::Outcome outcome) override {
    Fake& fake = trials_.at(trial);
    fake.leaves_with = outcome;
    fake.due = clock_.now();
  }

  [[nodiscard]] trial::IdleMeasured measure_idle(Seconds duration) override {
    WATTUNE_REQUIRE(trials_.empty());
    clock_.advance(duration);
    return {options_.power * 0.5, duration, energy_of(duration)};
  }

  [[nodiscard]] std::vector<runners::Running> running() const override {
    std::vector<runners::Running> list;
    for (const auto& [id, fake] : trials_) {
      list.push_back({id, elapsed(fake.since, clock_.now()), options_.power});
    }
    return list;
  }

  [[nodiscard]] runners::Unbooked unbooked() override {
    runners::Unbooked open;
    if (!options_.tells_unbooked) return open;
    for (const auto& [id, fake] : trials_) {
      const Seconds window = elapsed(fake.last_edge, clock_.now());
      open.trials[id] = {energy_of(window), window};
    }
    return open;
  }

  [[nodiscard]] std::vector<trial::Event> finish() override {
    const Seconds booked = elapsed(booked_until_, clock_.now());
    if (booked <= Seconds{}) return {};
    booked_until_ = clock_.now();
    return {trial::OverheadBooked{booked, {}, {}}};
  }

  struct Answer {
    TrialId trial;
    double step = 0.0;
    trial::Verdict verdict = trial::Verdict::Continue;
    double until = 0.0;
  };
  [[nodiscard]] const std::vector<runners::Launch>& launches() const { return launches_; }
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }
  [[nodiscard]] int num_waits() const { return num_waits_; }
  std::function<void()> before_wait;  ///< Where a test does something in the middle of a study.

 private:
  struct Fake {
    runners::Launch launch;
    double step = 0.0;
    MonotonicTime since;
    MonotonicTime last_edge;
    std::optional<MonotonicTime> due;  // nothing while it waits for an answer
    std::optional<trial::Outcome> leaves_with;
  };

  void plan_next_report(Fake& fake) const {
    const double next = next_step(fake);
    fake.due = after(clock_.now(), options_.per_step * (next - fake.step));
  }
  [[nodiscard]] double next_step(const Fake& fake) const {
    const double every = fake.launch.assignment.report_every.value_or(options_.report_every);
    return std::min(fake.step + every, options_.max_step);
  }
  [[nodiscard]] EnergyFigure energy_of(Seconds duration) const {
    EnergyFigure figure;
    figure.idle = figure.dynamic = to_microjoules(options_.power * duration * 0.5);
    figure.uncertainty = options_.power * duration * 0.1;
    figure.provenance = Provenance::Modelled;
    return figure;
  }
  Seconds take_window(Fake& fake) const {
    const Seconds window = elapsed(fake.last_edge, clock_.now());
    fake.last_edge = clock_.now();
    return window;
  }
  trial::CheckpointSaved checkpoint(const Fake& fake) const {
    return {fake.launch.assignment.trial, fake.step,
            "checkpoint-" + std::to_string(fake.launch.assignment.trial.number())};
  }

  std::vector<trial::Event> report(Fake& fake) {
    std::vector<trial::Event> events;
    fake.step = next_step(fake);
    fake.due.reset();
    const Seconds window = take_window(fake);
    if (options_.checkpoints_at_reports) events.emplace_back(checkpoint(fake));
    events.emplace_back(trial::Reported{fake.launch.assignment.trial, fake.step, 100.0, window,
                                        energy_of(window),
                                        options_.metrics(fake.launch, fake.step)});
    return events;
  }

  std::vector<trial::Event> leave(Fake& fake) {
    std::vector<trial::Event> events;
    const TrialId id = fake.launch.assignment.trial;
    const Seconds window = take_window(fake);
    if (*fake.leaves_with == trial::Outcome::Paused) events.emplace_back(checkpoint(fake));
    events.emplace_back(
        trial::AssignmentEnded{id, *fake.leaves_with, "", window, energy_of(window)});
    const Seconds booked = elapsed(booked_until_, clock_.now());
    booked_until_ = clock_.now();
    events.emplace_back(trial::OverheadBooked{booked, {}, {}});
    trials_.erase(id);
    return events;
  }

  ManualClock& clock_;
  FakeRunnerOptions options_;
  MonotonicTime booked_until_;
  std::map<TrialId, Fake> trials_;
  std::vector<runners::Launch> launches_;
  std::vector<Answer> answers_;
  int num_waits_ = 0;
};

}  // namespace wattune
