#pragma once

#include <cstddef>

#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// Parameters that have more than one value.
inline std::size_t num_varying(const space::Space& space) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < space.size(); ++i) count += space.num_values(i) == 1 ? 0 : 1;
  return count;
}

}  // namespace wattune::samplers
