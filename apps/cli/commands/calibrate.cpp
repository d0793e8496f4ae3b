#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "command.hpp"
#include "machine.hpp"
#include "machine_options.hpp"
#include "parse_duration.hpp"
#include "power_limits.hpp"
#include "state_folder.hpp"
#include "stop_wait.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/energy/idle_calibrator.hpp"

namespace wattune::cli {
namespace {

using energy::IdleCalibration;
using energy::IdleCalibrator;
using energy::IdleConditions;
using energy::IdleStore;
using energy::MachineWatch;

constexpr double kBusiest = 0.05;
constexpr Seconds kShortest{5.0};
constexpr Seconds kTick{1.0};

struct CalibrateOptions {
  std::string duration = "60 s";
  bool force = false;
  bool show = false;
  bool forget = false;
};

template <typename Value>
Value must(Result<Value> result) {
  if (!result) throw CommandError(ExitStatus::Failure, result.error().message);
  if constexpr (!std::is_void_v<Value>) return std::move(*result);
}

IdleStore open_store() {
  const auto folder = state_folder();
  if (!folder) {
    throw CommandError(ExitStatus::Failure,
                       "neither HOME nor XDG_STATE_HOME says where it is kept");
  }
  return IdleStore{*folder};
}

std::string conditions_text(const IdleConditions& conditions) {
  return fmt::format("host {}, kernel {}, {}", conditions.host, conditions.kernel,
                     conditions.governor ? "governor " + *conditions.governor : "no governor");
}

std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("processors {:.1f} % busy", 100.0 * *share)
               : std::string("how busy the processors were is not known");
}

std::string calibration_text(const IdleCalibration& calibration) {
  std::string text =
      fmt::format("{}\ncalibrated {}, {} long, {}\n\n", conditions_text(calibration.conditions),
                  iso_text(calibration.calibrated_at), duration_text(calibration.duration),
                  share_text(calibration.busy_share));
  TextTable table{{"channel", "idle power"}};
  for (const auto& [channel, power] : calibration.power) {
    table.add({channel, si_text(power.value(), "W")});
  }
  return text + table.text();
}

void show(const IdleConditions& now) {
  const std::vector<IdleCalibration> calibrations = must(open_store().list(now.host));
  if (calibrations.empty()) {
    fmt::print("nothing has been calibrated on {}; `wattune meter calibrate` does it\n", now.host);
    return;
  }
  bool has_now = false;
  for (const IdleCalibration& calibration : calibrations) {
    const bool is_now = calibration.conditions == now;
    has_now = has_now || is_now;
    fmt::print("{}{}\n", is_now ? "in use: " : "", calibration_text(calibration));
  }
  if (!has_now) fmt::print("none is for {}, so none is in use\n", conditions_text(now));
}

void forget(const IdleConditions& now) {
  const bool had_one = must(open_store().forget(now));
  fmt::print("{} for {}\n", had_one ? "forgotten: the calibration" : "there was no calibration",
             conditions_text(now));
}

void run_quietly(MachineWatch& watch, IdleCalibrator& calibrator, Seconds duration,
                 const Clock& clock) {
  StopWait stop;
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  while (watch.duration() < duration) {
    if (const auto signal = stop.wait(kTick)) {
      throw CommandError(ExitStatus::Interrupted, "interrupted; nothing was stored");
    }
    watch.tick(clock.now());
    calibrator.observe(watch);
    if (is_terminal) {
      fmt::print(stderr, "\r\x1b[2K{:.0f} of {:.0f} s, {}", watch.duration().value(),
                 duration.value(), share_text(calibrator.busy_share()));
    }
  }
  if (is_terminal) fmt::print(stderr, "\r\x1b[2K");
}

std::vector<std::string> channels_to_calibrate(const energy::MachineMeters& machine) {
  std::vector<std::string> ids;
  std::vector<std::string> known;
  for (const auto& meter : machine.meters) {
    (meter->idle_power() ? known : ids).push_back(meter->channel().id);
  }
  if (!ids.empty()) return ids;
  throw CommandError(ExitStatus::Failure,
                     known.empty()
                         ? "nothing here can be metered; `wattune doctor` says why"
                         : fmt::format("there is nothing to calibrate: {} knows its own idle power",
                                       join_names(known)));
}

void calibrate(const CalibrateOptions& options, const MachineOptions& machine_options) {
  const IdleConditions now =
      must(energy::read_idle_conditions(machine_options.proc_root, machine_options.cpu_root));
  if (options.show) return show(now);
  if (options.forget) return forget(now);
  const Seconds duration = parse_duration(options.duration, "--duration");
  if (duration < kShortest) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("--duration {}: at least 5 s", options.duration));
  }
  const IdleStore store = open_store();
  const SystemClock clock;
  restore_left_power_limits(machine_options.nvml_library);
  energy::MachineMeters machine = open_machine(clock, machine_options);
  const std::vector<std::string> ids = channels_to_calibrate(machine);
  fmt::print(stderr, "leave the machine alone for {}\n", duration_text(duration));
  MachineWatch watch{std::move(machine.meters),
                     {.num_cores = num_cores(), .proc_root = machine_options.proc_root},
                     clock.now()};
  IdleCalibrator calibrator{ids, machine_options.proc_root};
  run_quietly(watch, calibrator, duration, clock);
  if (const std::vector<std::string> notes = watch.take_notes(); !notes.empty()) {
    throw CommandError(ExitStatus::Failure,
                       fmt::format("{}; nothing was stored", fmt::join(notes, "; ")));
  }

  IdleCalibration calibration{now, clock.wall_now(), watch.duration(), calibrator.busy_share(),
                              calibrator.power()};
  if (calibration.busy_share.value_or(0.0) > kBusiest && !options.force) {
    throw CommandError(ExitStatus::Failure,
                       fmt::format("{}, more than 5 %: that is no idle machine; nothing was "
                                   "stored (--force stores it all the same)",
                                   share_text(calibration.busy_share)));
  }
  for (const std::string& id : ids) {
    if (!calibration.power.contains(id)) {
      fmt::print(stderr, "{}: too few readings that moved; a longer --duration may help\n", id);
    }
  }
  if (calibration.power.empty()) {
    throw CommandError(ExitStatus::Failure, "no channel could be calibrated; nothing was stored");
  }
  must(store.save(calibration));
  fmt::print("{}\nstored in {}\n", calibration_text(calibration), store.file_of(now.host).string());
}

}  // namespace

void add_meter_calibrate(const Command& meter) {
  const Command command =
      meter.add("calibrate", "Find what every channel draws when nothing happens, and remember it");
  const auto options = std::make_shared<CalibrateOptions>();
  const auto machine = std::make_shared<MachineOptions>();
  command.option("--duration", options->duration, "how long to listen; 60 s where left out");
  command.flag("--force", options->force, "store it although the machine was busy");
  command.flag("--show", options->show, "print what is stored, and measure nothing");
  command.flag("--forget", options->forget, "remove what is stored for this machine as it is");
  add_machine_options(command, machine);
  command.footer(
      "Idle power is the 5th percentile of the power of windows of about 1 s, for this host, "
      "kernel\n"
      "and governor. `tune` and `measure` use it to tell idle energy from work.\n"
      "Examples:\n"
      "  wattune meter calibrate\n"
      "  wattune meter calibrate --duration 5min\n"
      "  wattune meter calibrate --show\n");
  command.on_call([options, machine] { calibrate(*options, *machine); });
}

}  // namespace wattune::cli
