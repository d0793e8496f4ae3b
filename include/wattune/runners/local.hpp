#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/device_state.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/cgroup.hpp"
#include "wattune/energy/power_limit.hpp"
#include "wattune/runners/capture.hpp"
#include "wattune/runners/command_template.hpp"
#include "wattune/runners/runner.hpp"
#include "wattune/runners/slots.hpp"
#include "wattune/space/space.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::runners {

/// When an assignment may begin: once every device is nearly as cool as it is without work.
struct CoolDownOptions {
  Celsius margin{3.0};                ///< Above the lowest temperature seen while nothing ran.
  std::optional<Celsius> until = {};  ///< Instead of the margin: a temperature of its own.
  Seconds at_most{60.0};              ///< Then it begins all the same.
  Seconds period{1.0};                ///< Between two looks at the temperatures.
};

struct LocalRunnerOptions {
  std::string study;
  CommandTemplate command;
  std::vector<CapturePattern> capture =
      {};  ///< Where not empty, reports come from what is printed.
  trial::Resource resource = {};
  std::vector<std::string> required_metrics =
      {};                  ///< Of the objectives; a completed trial has them.
  SlotOptions slots = {};  ///< Its cores may be empty: all that are allowed.

  std::filesystem::path files_dir = {};                      ///< One folder per trial below it.
  std::filesystem::path working_directory = ".";             ///< Of the command.
  std::map<std::string, std::string> base_environment = {};  ///< What trials inherit.
  std::map<std::string, std::string> environment = {};       ///< Of the study file; wins over all.

  std::optional<Seconds> time_limit = {};     ///< Of each process of a trial.
  std::optional<Seconds> silence_limit = {};  ///< Without a message or any output.
  Seconds grace{10.0};                        ///< Between SIGTERM and SIGKILL.
  Seconds obey_limit{60.0};  ///< To end after an answer of pause or stop was read, then SIGTERM.
  Seconds metering_interval{1.0};  ///< Between readings without an edge.
  Seconds booking_interval{5.0};   ///< Between OverheadBooked events.
  /// Reads the devices at the start of every assignment; not recorded where empty.
  std::function<DeviceState()> read_devices = {};
  std::optional<CoolDownOptions> cooldown = {};  ///< Needs `read_devices`.
  /// Where a parameter has the role of the power limit: sets it on a trial's GPUs before the trial
  /// begins and puts back what was there when it has ended. Outlives the runner.
  energy::PowerLimitControl* power_limits = nullptr;
  /// Files with an `oom_kill` count; those of this process's memory cgroup where empty.
  std::vector<std::filesystem::path> oom_counters = {};
  /// Control groups for the trials; outlives the runner. Where there are none, a trial's CPU time
  /// is that of its process tree.
  const energy::CgroupParent* trial_groups = nullptr;
};

/// Runs trials as processes of this machine; see docs/protocol.md.
///
/// Each trial is a session of its own in a slot of its own, and dies with this process. Whatever it
/// starts is found again, even when it leaves the session and its parents, and ended with it. The
/// sum of the energies of Reported, AssignmentEnded, IdleMeasured and OverheadBooked equals the
/// meter whenever nothing runs and `wait` has returned.
///
/// A trial that has exited with reports not yet answered is told of in the next `wait`, so that the
/// answer still decides its outcome. Orphans of trials are adopted by this process
/// (PR_SET_CHILD_SUBREAPER), and what an engine that was killed has left behind in `files_dir` is
/// ended at the start.
///
/// With `cooldown` an assignment that would start while nothing runs waits until every device is
/// cool again; the energy of the wait is overhead. One that starts beside others does not wait.
///
/// Takes    accountant, clock  outlive the runner
/// Errors   ConfigError  a placeholder without a parameter, slots that do not fit, a pattern that
///          cannot be used, a folder that cannot be made
/// Threads  one thread, which stays alive while trials run: the kernel ends them with it
[[nodiscard]] std::unique_ptr<Runner> make_local_runner(LocalRunnerOptions options,
                                                        energy::EnergyAccountant& accountant,
                                                        space::Space space, const Clock& clock);

}  // namespace wattune::runners
