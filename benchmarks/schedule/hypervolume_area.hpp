#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schedule/options.hpp"

namespace wattune::bench {

/// Two objectives, accuracy and the energy of a full training: the area under the hypervolume over
/// 30 median full trainings, beside corrected MOASHA (`mo_hv_ratio`) and TPE of several objectives
/// with full trainings (`mo_hv_ratio_tpe`). Both peers are our own: MOASHA made anew from its
/// description, TPE the engine's sampler as a study file gets it.
///
/// A report gives the point (accuracy so far, energy of the configuration's full training). Volumes
/// lie between the best and the median accuracy of 20,000 random configurations and below the
/// energy of two median full trainings.
[[nodiscard]] nlohmann::ordered_json measure_hypervolume(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
