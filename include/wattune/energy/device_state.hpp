#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "wattune/base/device_state.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

struct DeviceStateOptions {
  std::filesystem::path sys_root = "/sys";
  std::filesystem::path proc_root = "/proc";
  /// What the GPUs are like now; empty where there is no library that tells.
  std::function<std::vector<DeviceState::Gpu>()> gpus = {};
};

/// Reads how warm and how fast the devices of this machine are. What cannot be read is absent.
///
/// The processor's temperature is that of its warmest package: the hwmon sensors coretemp (its
/// packages, else its warmest core), k10temp and zenpower (Tdie, else Tctl), else the thermal zone
/// x86_pkg_temp. Its clock is the mean of cpufreq's scaling_cur_freq over at most 16 logical
/// processors, evenly chosen, else of "cpu MHz" in /proc/cpuinfo. A temperature outside -40 to 150
/// degrees Celsius is a broken sensor's.
///
/// Cost     some files of sysfs, one for each logical processor; a query of each GPU
[[nodiscard]] DeviceState read_device_state(const DeviceStateOptions& options);

/// Asks the driver about every NVIDIA GPU of the machine, for `DeviceStateOptions::gpus`. A board
/// in MIG mode is told of once for each slice, under the slice's identifier.
[[nodiscard]] std::function<std::vector<DeviceState::Gpu>()> gpu_state_reader(Nvml nvml);

}  // namespace wattune::energy
