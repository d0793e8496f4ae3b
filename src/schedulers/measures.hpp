#pragma once

#include "wattune/trial/problem.hpp"

namespace wattune::schedulers {

/// Is it a total that goes on growing after a report, so that its value as of the report changes?
[[nodiscard]] inline bool is_total_of_phase(const trial::Measure& measure) {
  switch (measure.kind) {
    case trial::MeasureKind::SamplesPerJoule:
    case trial::MeasureKind::JoulesPerSample:
      return true;
    case trial::MeasureKind::Energy:
      return !measure.name.empty();
    default:
      return false;
  }
}

}  // namespace wattune::schedulers
