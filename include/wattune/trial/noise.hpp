#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "wattune/trial/history.hpp"

namespace wattune::trial {

/// What two observations are compared over. A gain error cannot reorder trials of one device, but
/// it can reorder those of two.
enum class Comparison : std::uint8_t { WithinOneDevice, AcrossDevices };

/// Why the energy of the same training would come out otherwise next time: standard deviations of
/// parts that do not depend on each other.
struct EnergyNoise {
  Joules edge;         ///< The counter moves in steps.
  Joules attribution;  ///< The energy was split among trials that ran at the same time.
  Joules between_run;  ///< Two runs of one configuration differ; 0 while nothing was run twice.
  Joules gain;         ///< The meter is off by a factor; the same for all trials of a device.
};

/// edge^2 + attribution^2 + between_run^2, and gain^2 across devices; in J^2.
[[nodiscard]] double variance(const EnergyNoise& noise, Comparison comparison);

/// Tells a sampler how far to trust what it has observed.
///
/// Made from a history as it is now; make a new one when the history has grown. The variance
/// between runs comes from configurations that were measured again (finalists), pooled over all of
/// them: relative to the mean for energy and duration, absolute for metrics.
///
/// Source   docs/metering.md, "Fair comparison"
/// Cost     O(number of trials) to make, O(1) to ask
class NoiseModel {
 public:
  explicit NoiseModel(const History& history);

  /// Nothing where the energy, or how the channels count, is not known.
  [[nodiscard]] std::optional<EnergyNoise> energy_noise(const Trial& trial) const;

  /// Variance of what `History::value` gives for a trial, in the square of its unit. Nothing where
  /// it cannot be told: a metric or a duration that was never measured again, a phase.
  [[nodiscard]] std::optional<double> variance_of(
      const Trial& trial, const Measure& measure,
      Comparison comparison = Comparison::WithinOneDevice) const;

 private:
  [[nodiscard]] std::optional<double> between_runs(const Measure& measure) const;

  const History& history_;
  std::optional<Seconds> refresh_;              // of the slowest channel
  std::map<std::string, double> between_runs_;  // by measure; see between_runs()
};

}  // namespace wattune::trial
