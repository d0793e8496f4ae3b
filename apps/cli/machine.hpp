#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "wattune/base/device_state.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::cli {

/// Host, CPU, cores and GPUs for the report.
[[nodiscard]] nlohmann::json host_json(const std::vector<energy::GpuInfo>& gpus);

/// Where meters are looked for: in the machine's own folders, and in the one that the environment
/// variable WATTUNE_POWERCAP_ROOT names.
[[nodiscard]] energy::MeterOptions meter_options();

/// The channels that are metered, and how surely.
[[nodiscard]] nlohmann::json channels_json(const energy::EnergyAccountant& accountant);

/// What trials inherit: this program's environment, with its own folder at the end of PATH, so that
/// `wattune-train` beside `wattune` is found.
[[nodiscard]] std::map<std::string, std::string> trial_environment();

/// Reads how warm and how fast the devices of this machine are, below the folder that the variable
/// WATTUNE_SYSFS names (/sys where it is not set): a container may see its host's elsewhere.
[[nodiscard]] std::function<DeviceState()> device_reader();

/// Hardware threads that are online.
[[nodiscard]] double num_cores();

}  // namespace wattune::cli
