#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/result.hpp"
#include "wattune/energy/accountant.hpp"

namespace wattune::runners {

/// How a command ended; exactly one of the two is there.
struct CommandEnd {
  std::optional<int> status = {};
  std::optional<int> signal = {};

  /// What a shell would show: the status, or 128 and the number of the signal.
  [[nodiscard]] int shell_status() const { return signal ? 128 + *signal : status.value_or(0); }
};

/// What one channel drew while a command ran.
struct ChannelUse {
  std::optional<EnergyFigure> command;  ///< Its part; none on a GPU that it was not given.
  EnergyFigure machine;                 ///< Everything, whoever used it.
};

/// One run of a command and the energy of its window.
struct MeasuredRun {
  CommandEnd end;
  WallTime started_at;
  Seconds duration;                  ///< Of the window, from before the start to after the end.
  Seconds cpu_time;                  ///< Of the command and everything it started and waited for.
  EnergyFigure command;              ///< Allocated view: all idle energy, and its part of the rest.
  EnergyFigure machine;              ///< Full-node view: everything that was metered.
  std::vector<ChannelUse> channels;  ///< In the order of `CommandMeter::channels`.
  std::size_t num_left_running = 0;  ///< Processes of the command that outlived it.
  std::optional<int> stopped_by;     ///< A signal that somebody sent to us meanwhile.
  std::vector<std::string> notes;    ///< What happened to the meters, in words, one line each.
};

struct CommandMeterOptions {
  energy::AccountantOptions accountant = {};
  std::vector<std::string> gpu_uuids = {};      ///< GPUs that the command is charged for.
  Seconds interval{1.0};                        ///< Between readings while it runs, at most.
  std::function<void(Seconds)> wait_idle = {};  ///< Cool-down; empty: waits, ends with a signal.
};

/// Runs commands and measures them, as `time` does for seconds.
///
/// A command has the streams, folder, environment and process group of this process. Signals that
/// somebody sends to this process are passed on to it; those that the terminal sends to the whole
/// group reach it anyway. Signals stay blocked as long as the object lives.
///
/// Threads  one thread, which must be the only one
class CommandMeter {
 public:
  /// Errors   ConfigError  the channels must not be added up
  CommandMeter(std::vector<std::unique_ptr<energy::Meter>> meters, CommandMeterOptions options,
               const Clock& clock);
  ~CommandMeter();
  CommandMeter(const CommandMeter&) = delete;
  CommandMeter& operator=(const CommandMeter&) = delete;

  /// Errors   NotFound    there is no such program
  ///          Permission  it is there, but cannot be executed
  ///          Invalid     it is no program
  ///          Transient   the machine is out of processes or memory
  [[nodiscard]] Result<MeasuredRun> run(const std::vector<std::string>& command);

  /// Lets the machine cool down; the signal that ended the wait early, if one did.
  [[nodiscard]] std::optional<int> rest(Seconds duration);

  void set_idle_power(const std::string& channel_id, Watts power);
  [[nodiscard]] const std::vector<energy::Channel>& channels() const;
  /// Whether idle power is known for every channel that the command is charged for: otherwise all
  /// energy counts as dynamic, and the parts of a quiet command are next to nothing.
  [[nodiscard]] bool knows_idle_power() const;
  /// Channels whose idle power is not known.
  [[nodiscard]] std::vector<std::string> uncalibrated() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether the steps of the counters, rather than their gain, decide how unsure a figure is.
///
/// Takes    channels  those in the figure; `duration` of the window
/// Gives    how long a window would have to be for the gain to decide; none if it is long enough
/// Source   docs/metering.md, "Uncertainty": 2 * refresh / (sqrt(6) * gain)
[[nodiscard]] std::optional<Seconds> longer_window_wanted(
    const std::vector<energy::Channel>& channels, Seconds duration);

}  // namespace wattune::runners
