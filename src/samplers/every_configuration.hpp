#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// Every value's coordinate, ascending; nothing where the parameter has more than `max` values.
[[nodiscard]] std::optional<std::vector<double>> coordinates_of_values(const space::Space& space,
                                                                       std::size_t parameter_index,
                                                                       std::size_t max);

/// All allowed configurations, sorted; nothing where the parameters' values make more than `max`
/// combinations. Combinations that differ only in inactive parameters are one configuration.
[[nodiscard]] std::optional<std::vector<space::Configuration>> every_configuration(
    const space::Space& space, std::size_t max);

}  // namespace wattune::samplers
