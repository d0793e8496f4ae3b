#pragma once

#include <optional>
#include <string_view>

#include "wattune/base/units.hpp"

namespace wattune::energy {

/// How the power sensor of a family of NVIDIA GPUs behaves.
struct GpuArchitecture {
  std::string_view family;
  Seconds refresh;      ///< The sensor's figure and the energy counter move this often.
  Seconds window;       ///< What the instant figure sees of that time.
  bool usage_is_mean;   ///< `nvmlDeviceGetPowerUsage` answers the mean of the last second.
  double instant_gain;  ///< 95 % gain error of instant power integrated over time.
  double usage_gain;    ///< The same of `nvmlDeviceGetPowerUsage`.
};

/// The row of the table; one that nobody has examined yet gets the widest errors of its kind.
///
/// Takes    number  as `nvmlDeviceGetArchitecture` answers, if it does
///          name    tells GA100 from the other Ampere chips
/// Source   docs/metering.md, "GPUs"
[[nodiscard]] const GpuArchitecture& gpu_architecture(std::optional<unsigned> number,
                                                      std::string_view name);

/// Whether the energy counter covers a module of CPU, memory and GPU.
[[nodiscard]] bool is_module_name(std::string_view name);

/// Power without work as a share of the limit, and its relative error.
///
/// Source   Cloud Carbon Footprint: V100 35/306 W, A100 46/407 W, T4 8/71 W
constexpr double kIdleShareOfLimit = 0.113;
constexpr double kGpuModelGain = 0.40;

/// Power of a GPU computed from the share of time in which it is busy.
[[nodiscard]] Watts gpu_model_power(double utilisation, Watts limit);

}  // namespace wattune::energy
