#include "wattune/runners/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::runners {
namespace {

using recorded::RecordedStep;
using recorded::Recording;
using trial::Outcome;

/// What a record says was not metered here, and all of it was drawn by work.
EnergyFigure modelled(Microjoules energy) {
  EnergyFigure figure;
  figure.dynamic = energy;
  figure.provenance = Provenance::Modelled;
  return figure;
}

/// How and where a trial is made to fail.
struct Doom {
  double step = 0.0;  ///< Between 0 and a full training.
  Outcome outcome = Outcome::FailedExit;
};

/// A trial in one of the slots.
struct Played {
  Launch launch;
  std::unique_ptr<Recording> recording;
  std::optional<Doom> doom;
  RecordedStep reached;               // where it stands; step 0 at the beginning
  std::optional<RecordedStep> ahead;  // the report it works towards; nothing while it waits
  MonotonicTime since;
  MonotonicTime last_edge;
  std::optional<MonotonicTime> due;    // nothing while it waits for an answer
  std::optional<Outcome> leaves_with;  // what happens when it is due, if not the report
  std::string detail = {};             // of that
  double share_of_work = 0.0;          // of the way to `ahead`, done when it leaves
};

class ReplayRunner final : public Runner {
 public:
  ReplayRunner(const recorded::RecordedTrainings& trainings, VirtualClock& clock,
               const ReplayOptions& options)
      : trainings_(trainings), clock_(clock), options_(options), booked_until_(clock.now()) {}

  [[nodiscard]] std::size_t num_free_slots() const override {
    return options_.num_workers - trials_.size();
  }

  void start(const Launch& launch) override;
  [[nodiscard]] std::vector<trial::Event> wait(Seconds at_most) override;
  void answer(TrialId trial, trial::Verdict verdict, double until) override;
  void end(TrialId trial, Outcome outcome) override;
  [[nodiscard]] trial::IdleMeasured measure_idle(Seconds duration) override;
  [[nodiscard]] std::vector<Running> running() const override;

 private:
  [[nodiscard]] std::optional<Doom> doom_of(TrialId trial) const;
  [[nodiscard]] std::optional<RecordedStep> next_report(Played& played, double until) const;
  void go_on(Played& played, double until);
  void leave(Played& played, Outcome outcome, std::string detail = {});
  [[nodiscard]] Played* first_due();
  [[nodiscard]] trial::CheckpointSaved checkpoint(const Played& played) const;
  [[nodiscard]] std::vector<trial::Event> report(Played& played);
  [[nodiscard]] std::vector<trial::Event> depart(Played& played);
  [[nodiscard]] trial::OverheadBooked book_overhead();

  const recorded::RecordedTrainings& trainings_;
  VirtualClock& clock_;
  ReplayOptions options_;
  MonotonicTime booked_until_;
  std::map<TrialId, Played> trials_;
};

std::optional<Doom> ReplayRunner::doom_of(TrialId trial) const {
  const InjectedFailures& failures = options_.failures;
  Rng rng{failures.seed, trial.number()};
  const double lot = rng.uniform();
  const double step = rng.uniform(0.0, options_.max_step);
  if (lot < failures.crash_rate) return Doom{step, Outcome::FailedExit};
  if (lot < failures.crash_rate + failures.divergence_rate) {
    return Doom{step, Outcome::FailedMetric};
  }
  return std::nullopt;
}

void ReplayRunner::start(const Launch& launch) {
  WATTUNE_REQUIRE(num_free_slots() > 0);
  const TrialId id = launch.assignment.trial;
  WATTUNE_REQUIRE(!trials_.contains(id));
  Played& played = trials_[id];
  played.launch = launch;
  played.since = played.last_edge = clock_.now();
  auto recording = trainings_.open(launch.configuration, launch.seed);
  if (!recording) return leave(played, Outcome::FailedStart, recording.error().message);
  played.recording = std::move(*recording);
  played.doom = doom_of(id);
  const double from = launch.resume_from ? launch.resume_from->step : 0.0;
  for (auto next = played.recording->next(0.0); next && next->step <= from;) {
    played.reached = std::move(*next);
    next = played.recording->next(played.reached.step);
  }
  go_on(played, launch.assignment.to);
}

/// The record at which the trial speaks next: the first, or where a strategy has asked to be told
/// less often, the last one before it has waited long enough.
std::optional<RecordedStep> ReplayRunner::next_report(Played& played, double until) const {
  constexpr double kRounding = 1e-9;
  const double max = options_.max_step;
  auto next = played.recording->next(played.reached.step);
  if (!next || next->step > max * (1.0 + kRounding)) return std::nullopt;
  auto every = played.launch.assignment.report_every;
  if (!options_.counts_steps) every.reset();
  const double wanted = every ? std::min(played.reached.step + *every, until) : next->step;
  while (next->step < wanted * (1.0 - kRounding) && next->not_finite.empty()) {
    auto further = played.recording->next(next->step);
    if (!further || further->step > max * (1.0 + kRounding)) break;
    next = std::move(further);
  }
  return next;
}

/// Sends a trial on its way to its next report, or to what keeps it from getting there.
void ReplayRunner::go_on(Played& played, double until) {
  played.ahead = next_report(played, until);
  if (!played.ahead) return leave(played, Outcome::Completed);
  const RecordedStep& ahead = *played.ahead;
  double share = 1.0;
  if (played.doom && played.doom->step <= ahead.step) {
    const double span = ahead.step - played.reached.step;
    share = std::clamp((played.doom->step - played.reached.step) / span, 0.0, 1.0);
    leave(played, played.doom->outcome,
          played.doom->outcome == Outcome::FailedExit
              ? "exit status 1, injected into the recorded training"
              : fmt::format("the metrics at step {} are not finite numbers, injected into the "
                            "recorded training",
                            number_text(ahead.step)));
    // A program finds out at its report that it has diverged.
    if (played.doom->outcome == Outcome::FailedMetric) share = 1.0;
  } else if (!ahead.not_finite.empty()) {
    leave(played, Outcome::FailedMetric,
          fmt::format("metric '{}' at step {} is not a finite number", ahead.not_finite,
                      number_text(ahead.step)));
  }
  played.share_of_work = share;
  played.due = after(clock_.now(), (ahead.time - played.reached.time) * share);
}

void ReplayRunner::leave(Played& played, Outcome outcome, std::string detail) {
  played.leaves_with = outcome;
  played.detail = std::move(detail);
  played.share_of_work = 0.0;
  played.due = clock_.now();
}

Played* ReplayRunner::first_due() {
  Played* first = nullptr;
  for (auto& [id, played] : trials_) {
    if (played.due && (first == nullptr || *played.due < *first->due)) first = &played;
  }
  return first;
}

std::vector<trial::Event> ReplayRunner::wait(Seconds at_most) {
  const MonotonicTime deadline = after(clock_.now(), at_most);
  Played* const first = first_due();
  if (first == nullptr || *first->due > deadline) {
    clock_.advance_to(deadline);
    return {};
  }
  clock_.advance_to(*first->due);
  return first->leaves_with ? depart(*first) : report(*first);
}

trial::CheckpointSaved ReplayRunner::checkpoint(const Played& played) const {
  const TrialId id = played.launch.assignment.trial;
  return {id, played.reached.step,
          fmt::format("recorded-{}-{}", id.number(), number_text(played.reached.step))};
}

std::vector<trial::Event> ReplayRunner::report(Played& played) {
  const Microjoules before = to_microjoules(played.reached.energy);
  const Seconds begun = played.reached.time;
  played.reached = std::move(*played.ahead);
  played.ahead.reset();
  played.due.reset();
  played.last_edge = clock_.now();
  std::vector<trial::Event> events;
  if (options_.checkpoints_at_reports) events.emplace_back(checkpoint(played));
  events.emplace_back(trial::Reported{
      played.launch.assignment.trial, played.reached.step, 0.0, played.reached.time - begun,
      modelled(to_microjoules(played.reached.energy) - before), played.reached.metrics});
  return events;
}

void ReplayRunner::answer(TrialId trial, trial::Verdict verdict, double until) {
  Played& played = trials_.at(trial);
  if (played.leaves_with) return;  // it was told to end before it was answered
  WATTUNE_REQUIRE(!played.due);
  if (verdict == trial::Verdict::Pause) return leave(played, Outcome::Paused);
  if (verdict == trial::Verdict::Stop) return leave(played, Outcome::Stopped);
  if (played.reached.step >= options_.max_step) return leave(played, Outcome::Completed);
  go_on(played, until);
}

/// Ends a trial now, wherever it is between two records.
void ReplayRunner::end(TrialId trial, Outcome outcome) {
  Played& played = trials_.at(trial);
  double share = 0.0;
  if (played.ahead) {
    const Seconds step = played.ahead->time - played.reached.time;
    if (step > Seconds{}) {
      share = std::min(elapsed(played.last_edge, clock_.now()) / step, played.share_of_work);
    }
  }
  leave(played, outcome);
  played.share_of_work = share;
}

std::vector<trial::Event> ReplayRunner::depart(Played& played) {
  const TrialId id = played.launch.assignment.trial;
  trial::AssignmentEnded ended{id, *played.leaves_with, std::move(played.detail), {}, {}};
  ended.energy = modelled({});
  if (played.ahead && played.share_of_work > 0.0) {
    ended.duration = (played.ahead->time - played.reached.time) * played.share_of_work;
    ended.energy = modelled(
        to_microjoules((played.ahead->energy - played.reached.energy) * played.share_of_work));
  }
  std::vector<trial::Event> events;
  if (ended.outcome == Outcome::Paused && !options_.checkpoints_at_reports) {
    events.emplace_back(checkpoint(played));
  }
  events.emplace_back(std::move(ended));
  events.emplace_back(book_overhead());
  trials_.erase(id);
  return events;
}

/// Time goes by, but nothing besides the trials draws anything.
trial::OverheadBooked ReplayRunner::book_overhead() {
  const Seconds duration = elapsed(booked_until_, clock_.now());
  booked_until_ = clock_.now();
  return {duration, modelled({}), modelled({})};
}

trial::IdleMeasured ReplayRunner::measure_idle(Seconds duration) {
  WATTUNE_REQUIRE(trials_.empty());
  clock_.advance(duration);
  booked_until_ = clock_.now();
  EnergyFigure figure = modelled({});
  figure.idle = to_microjoules(options_.idle_power * duration);
  return {options_.idle_power, duration, figure};
}

std::vector<Running> ReplayRunner::running() const {
  std::vector<Running> list;
  for (const auto& [id, played] : trials_) {
    Running now{id, elapsed(played.since, clock_.now()), std::nullopt};
    if (played.ahead && played.ahead->time > played.reached.time) {
      now.power = (played.ahead->energy - played.reached.energy) /
                  (played.ahead->time - played.reached.time);
    }
    list.push_back(now);
  }
  return list;
}

bool is_share(double rate) {
  return rate >= 0.0 && rate <= 1.0;
}

}  // namespace

std::unique_ptr<Runner> make_replay_runner(const recorded::RecordedTrainings& trainings,
                                           VirtualClock& clock, const ReplayOptions& options) {
  if (options.num_workers == 0) throw ConfigError("a replay needs at least one worker");
  const InjectedFailures& failures = options.failures;
  if (!is_share(failures.crash_rate) || !is_share(failures.divergence_rate) ||
      !is_share(failures.crash_rate + failures.divergence_rate)) {
    throw ConfigError(fmt::format(
        "the rates of injected failures are shares of all trials, 0 to 1 together: {} crash, {} "
        "diverge",
        failures.crash_rate, failures.divergence_rate));
  }
  return std::make_unique<ReplayRunner>(trainings, clock, options);
}

}  // namespace wattune::runners
