#pragma once

#include "wattune/trial/problem.hpp"

namespace wattune::schedulers {

/// How often a rule looks at a trial: every min of the resource, where that is below max.
[[nodiscard]] inline double usual_report_interval(const trial::Resource& resource) {
  constexpr double kParts = 20.0;
  const bool is_whole_program = resource.unit == trial::ResourceUnit::Run;
  if (is_whole_program || resource.min < resource.max) return resource.min;
  return resource.max / kParts;
}

}  // namespace wattune::schedulers
