#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "wattune/energy/idle_power.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::cli {

/// Where the machine's meters are looked for; tests name other folders.
struct MachineOptions {
  std::string powercap_root = "/sys/class/powercap";
  std::string proc_root = "/proc";
  std::string sysfs_root = "/sys";
  std::string cpu_root = "/sys/devices/system/cpu";
  std::string nvml_library = "libnvidia-ml.so.1";
};

/// Adds options that help does not show.
void add_machine_options(const Command& command, const std::shared_ptr<MachineOptions>& options);

/// Opens the meters of the machine, as the environment and the options say.
[[nodiscard]] energy::MachineMeters open_machine(const Clock& clock, const MachineOptions& options);

/// The calibration that fits the machine as it is now, or in words why there is none.
struct IdleKnowledge {
  std::optional<energy::IdleCalibration> calibration;
  std::string words;  ///< "idle power as calibrated on 2026-11-22T00:43:24Z", or why not.

  [[nodiscard]] std::optional<Watts> power_of(const std::string& channel) const;
};

[[nodiscard]] IdleKnowledge read_idle_knowledge(const MachineOptions& options = {});

}  // namespace wattune::cli
