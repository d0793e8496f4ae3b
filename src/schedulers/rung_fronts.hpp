#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wattune::schedulers {

/// Non-dominated fronts to which one point after another is added.
///
/// Cost     add: O(n) comparisons as a rule
/// Source   Li, Deb, Zhang, Zhang, IEEE Transactions on Cybernetics, 2017 (ENLU)
/// Differs  the front of a new point is found by bisection; members of the next front are compared
///          with the points that were pushed down only where their common corner dominates them
class RungFronts {
 public:
  using Index = std::uint32_t;

  void clear();
  /// Adds point number `index`; points are numbered by whoever adds them.
  void add(Index index, std::span<const double> losses);

  [[nodiscard]] const std::vector<std::vector<Index>>& fronts() const { return fronts_; }
  [[nodiscard]] std::span<const double> losses(Index index) const;

 private:
  [[nodiscard]] bool is_dominated(std::span<const double> losses,
                                  const std::vector<Index>& front) const;
  void push_down(std::vector<Index> pushed, std::size_t front);

  std::size_t width_ = 0;
  std::vector<double> losses_;  // [index x width]
  std::vector<std::vector<Index>> fronts_;
};

}  // namespace wattune::schedulers
