#pragma once

#include <string_view>

namespace wattune::energy {

// The texts of the tables under data/.

[[nodiscard]] std::string_view shipped_grid_csv();
[[nodiscard]] std::string_view shipped_cloud_csv();
[[nodiscard]] std::string_view shipped_pue_csv();
[[nodiscard]] std::string_view shipped_embodied_csv();

}  // namespace wattune::energy
