#pragma once

#include <memory>

#include "wattune/energy/probe.hpp"

namespace wattune::energy {

/// The best model of all processors of the machine together.
///
/// Errors   NotFound, Transient  the CPU time of the machine cannot be read
[[nodiscard]] Result<std::unique_ptr<Meter>> open_processor_model(MonotonicTime now,
                                                                  const MeterOptions& options);

/// Lets every counter of RAPL go on with the next source where it fails at run time: one that was
/// read through perf with powercap, and then its share of a model.
void add_fallbacks_to_rapl(MachineMeters& machine, const Clock& clock, const MeterOptions& options);

}  // namespace wattune::energy
