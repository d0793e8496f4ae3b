#pragma once

#include <string>
#include <vector>

#include "wattune/config/yaml_reader.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// What can be told of a trial of this study.
struct Measurable {
  bool has_capture = false;
  std::vector<std::string> metrics;  ///< Names that exist; empty if the program says nothing.
  bool has_intensity = false;
  bool has_price = false;
};

std::vector<trial::Objective> read_objectives(ReadContext& context, MapReader& study,
                                              const Measurable& measurable);
std::vector<trial::Constraint> read_constraints(ReadContext& context, MapReader& study,
                                                const Measurable& measurable);

}  // namespace wattune::config
