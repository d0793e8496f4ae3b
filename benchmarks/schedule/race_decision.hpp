#pragma once

#include "schedule/options.hpp"

namespace wattune::bench {

/// CPU time of one decision of the race in milliseconds, mean over the decisions that have from 260
/// up to 312 observations on four tasks of LCBench: the fits that fall into them are in it.
[[nodiscard]] double race_decision_ms(const ScheduleBenchOptions& options);

}  // namespace wattune::bench
