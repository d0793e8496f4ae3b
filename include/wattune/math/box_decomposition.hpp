#pragma once

#include <span>
#include <vector>

namespace wattune::math {

/// Every point with lower <= point < upper; `lower` may be minus infinity.
struct Box {
  std::vector<double> lower;
  std::vector<double> upper;
};

/// Cuts what no point of the front dominates, below the reference point, into disjoint boxes.
///
/// Along the first objective every box is unbounded below, so that a point in the box with loss z
/// there leaves `upper - z` of its own.
///
/// Takes    front  losses, lower is better, in any order; dominated and equal points and points
///                 not below the reference change nothing
/// Gives    one box for no point; n + 1 boxes for n points of two objectives, 2 n + 1 for three,
///          O(n^floor(m/2)) for m; fewer where points share coordinates
/// Cost     O(boxes) per point at most
/// Source   Lacour, Klamroth, Fonseca, Comput. Oper. Res. 79, 2017, doi:10.1016/j.cor.2016.06.021
/// Differs  their boxes cover the dominated part; the same facets extended downwards cover the
///          rest, without a second decomposition
[[nodiscard]] std::vector<Box> non_dominated_boxes(std::span<const std::vector<double>> front,
                                                   std::span<const double> reference);

}  // namespace wattune::math
