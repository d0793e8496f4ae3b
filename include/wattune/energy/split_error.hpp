#pragma once

#include "wattune/base/units.hpp"

namespace wattune::energy {

/// A second of CPU time takes more energy in one program than in another. Of energy that was split
/// by CPU time, half the width of the 95 % interval of one part: 10 % of what either of two equally
/// busy programs is charged, nothing for one that is alone.
///
/// Takes    part  what one was charged; `whole` what was split
/// Source   a decision; docs/metering.md, "Attribution"
[[nodiscard]] inline Joules split_error(Joules part, Joules whole) {
  constexpr double kBetweenPrograms = 0.20;
  if (!(whole > part)) return Joules{};
  return part * (kBetweenPrograms * (1.0 - part / whole));
}

}  // namespace wattune::energy
