#include "wattune/math/pareto.hpp"

#include <algorithm>
#include <numeric>

#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

using Points = std::span<const std::vector<double>>;

std::vector<std::size_t> lexicographic_order(Points points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t left, std::size_t right) { return points[left] < points[right]; });
  return order;
}

/// Fronts under construction, in lexicographic order of their points: only earlier points can
/// dominate a later one.
class FrontStack {
 public:
  explicit FrontStack(Points points) : points_(points) {}

  std::size_t place(std::size_t index) {
    const auto front = std::ranges::partition_point(
        fronts_, [&](const std::vector<std::size_t>& members) { return beats(members, index); });
    const auto rank = static_cast<std::size_t>(front - fronts_.begin());
    if (rank == fronts_.size()) fronts_.emplace_back();
    fronts_[rank].push_back(index);
    return rank;
  }

 private:
  bool beats(const std::vector<std::size_t>& members, std::size_t index) const {
    const std::vector<double>& point = points_[index];
    // The last of a front has its lowest second loss, so that it dominates if any member does.
    if (point.size() <= 2) return dominates(points_[members.back()], point);
    return std::any_of(members.rbegin(), members.rend(),
                       [&](std::size_t member) { return dominates(points_[member], point); });
  }

  Points points_;
  std::vector<std::vector<std::size_t>> fronts_;
};

}  // namespace

bool dominates(std::span<const double> left, std::span<const double> right) {
  WATTUNE_REQUIRE(left.size() == right.size());
  bool is_better = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] > right[i]) return false;
    is_better = is_better || left[i] < right[i];
  }
  return is_better;
}

std::vector<std::size_t> non_dominated_ranks(Points points) {
  std::vector<std::size_t> ranks(points.size());
  FrontStack fronts{points};
  for (const std::size_t index : lexicographic_order(points)) ranks[index] = fronts.place(index);
  return ranks;
}

std::vector<std::size_t> pareto_front(Points points) {
  std::vector<std::size_t> front;
  const std::vector<std::size_t> ranks = non_dominated_ranks(points);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == 0) front.push_back(i);
  }
  return front;
}

}  // namespace wattune::math
