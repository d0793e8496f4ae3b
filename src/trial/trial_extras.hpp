#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wattune/trial/trial.hpp"

namespace wattune::trial {

struct Trial::Extras {
  std::optional<Checkpoint> checkpoint;
  std::vector<PhaseTotal> phases;
  std::vector<MetricValue> info;
  std::string detail;
  // Kept only where rates change with time; else they follow from the energy.
  Footprints spent;
  std::vector<Footprints> spent_at_report;
  std::optional<Repeat> repeat;
  std::vector<DevicesSeen> devices;
  std::vector<AssignmentMetered> metering;
};

}  // namespace wattune::trial
