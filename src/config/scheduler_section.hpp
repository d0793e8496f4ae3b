#pragma once

#include "wattune/config/scheduler_section.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads a scheduler: its name, or a map of `name` and options. Gives the default where it reports
/// an error.
SchedulerSection read_scheduler(ReadContext& context, const YamlNode& node);

/// Reads `stop_when`, a list of rules, each its name or a map, and puts them around a scheduler.
SchedulerSection read_stop_when(ReadContext& context, const YamlNode& node,
                                SchedulerSection scheduler);

}  // namespace wattune::config
