#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/energy/backend.hpp"
#include "wattune/energy/nvml.hpp"
#include "wattune/energy/perf_power.hpp"

namespace wattune::energy {

struct MeterOptions {
  std::filesystem::path powercap_root = "/sys/class/powercap";
  std::filesystem::path proc_root = "/proc";
  std::string nvml_library = "libnvidia-ml.so.1";
  /// Between the samples of a test; empty: keeps a CPU busy.
  std::function<void(Seconds)> wait = {};
  std::filesystem::path sysfs_root = "/sys";  ///< Of perf, the blade's counters and sensor chips.
  PerfCalls perf = kernel_perf_calls();
  /// A folder that only looks like powercap: what a host tells its virtual machine, or the real one
  /// mounted elsewhere.
  std::optional<std::filesystem::path> shared_powercap_root = std::nullopt;
  std::optional<Watts> cpu_tdp = std::nullopt;  ///< Rated power of one package, for the model.
  bool models_memory = true;  ///< Where nothing measures it and no other channel contains it.
  std::string amd_smi_library = {};  ///< A path; empty: the versions that are known.
};

/// The best meters that this machine offers, and the GPUs that were found on the way.
struct MachineMeters {
  std::vector<std::unique_ptr<Meter>> meters;  ///< An antichain: they may be added up.
  /// Channels to be shown, never to be added: each is part of another (`contained_in`), contains
  /// others, or is a second view of the same energy.
  std::vector<std::unique_ptr<Meter>> observed;
  std::vector<BackendNote> notes;  ///< Every source that was looked at: used or why not.
  std::vector<GpuInfo> gpus;
};

/// Opens the best source that can be read of each part of the machine, and tells what became of all
/// the others.
///
/// Processors: RAPL, the blade's counter, sensor chips, a counter of the whole machine, a host's
/// figures, and last of all a model. Memory: the same sources, and a model where nothing else
/// contains it.
/// Takes    clock  outlives the meters
/// Source   docs/metering.md, "Where the joules come from"
[[nodiscard]] MachineMeters open_meters(const Clock& clock, const MeterOptions& options = {});

}  // namespace wattune::energy
