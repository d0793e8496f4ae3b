#pragma once

#include <optional>

#include "wattune/config/yaml_reader.hpp"
#include "wattune/space/space.hpp"

namespace wattune::config {

/// Reads `parameters` and `forbidden`, and checks all that a Space checks, each at its own place.
/// Nothing if anything was reported.
std::optional<space::Space> read_space(ReadContext& context, MapReader& study);

}  // namespace wattune::config
