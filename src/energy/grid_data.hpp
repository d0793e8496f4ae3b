#pragma once

#include <string_view>

namespace wattune::energy {

/// The text of data/grid-intensity.csv.
[[nodiscard]] std::string_view shipped_grid_csv();

}  // namespace wattune::energy
