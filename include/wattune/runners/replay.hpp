#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wattune/base/clock.hpp"
#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/runners/runner.hpp"

namespace wattune::runners {

/// Time that passes only when somebody says so.
///
/// Its zero is a moment of one's choice: a study that is gone on with begins where its log ends.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(WallTime zero = {}) : zero_(zero) {}

  [[nodiscard]] MonotonicTime now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override {
    return zero_ + std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
  }
  void advance(Seconds step) { now_ = after(now_, step); }
  void advance_to(MonotonicTime then) {
    if (then > now_) now_ = then;
  }

 private:
  WallTime zero_;
  MonotonicTime now_{};
};

/// Failures that are put into the recorded trainings: which trial fails, and when, depends on the
/// seeds alone.
struct InjectedFailures {
  double crash_rate = 0.0;       ///< Share of the trials whose program dies on the way.
  double divergence_rate = 0.0;  ///< Share of the trials whose metrics stop being numbers.
  std::uint64_t seed = 0;
};

struct ReplayOptions {
  std::size_t num_workers = 1;
  double max_step = 1.0;  ///< A full training, in steps of the record.
  /// Does the study's resource count those steps? Else, as with seconds and joules, a trial speaks
  /// at every record, and it is the study that knows when it is full.
  bool counts_steps = true;
  /// A checkpoint at every report, so that nothing is lost with an engine that is killed; else only
  /// at a pause.
  bool checkpoints_at_reports = true;
  InjectedFailures failures = {};
  Watts idle_power{};  ///< What a measurement of power without work shows.
};

/// Plays recorded trainings as trials, in virtual time: no wall clock, no process, no file.
///
/// A trial takes the recorded seconds and is charged the recorded joules, and waits for every
/// answer. Energy is modelled, never measured: whatever the record says, nothing was metered here.
/// The same calls give the same events; of several reports due at one moment the trial with the
/// lowest number comes first. Work cut off between two records is charged by its share of the time.
/// A checkpoint is a step and a name; a trial that is resumed goes on at its step at no cost.
///
/// Takes    trainings, clock  outlive the runner, which alone moves the clock
/// Errors   ConfigError  no worker, or rates outside 0..1
/// Threads  one thread per runner and clock
[[nodiscard]] std::unique_ptr<Runner> make_replay_runner(
    const recorded::RecordedTrainings& trainings, VirtualClock& clock,
    const ReplayOptions& options);

}  // namespace wattune::runners
