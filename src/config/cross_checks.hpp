#pragma once

#include "wattune/config/study_file.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// What single sections cannot tell: does the strategy fit the program, the space, the resource and
/// the budget?
void check_strategy_fits(ReadContext& context, MapReader& study, const StudyFile& file);

/// A trial whose GPUs' power limit is a parameter has GPUs.
void check_power_limit_fits(ReadContext& context, MapReader& study, const StudyFile& file);

}  // namespace wattune::config
