#pragma once

#include "wattune/config/sampler_section.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads a sampler: its name, or a map of `name` and options. Gives the default where it reports an
/// error.
SamplerSection read_sampler(ReadContext& context, const YamlNode& node);

/// The node with the name of a sampler or scheduler: the scalar itself or the map's `name`. Reports
/// anything else; `what` is the word for it.
const YamlNode* name_node(ReadContext& context, const YamlNode& node, std::string_view what);

}  // namespace wattune::config
