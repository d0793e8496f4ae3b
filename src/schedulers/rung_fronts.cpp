#include "rung_fronts.hpp"

#include <algorithm>

#include "wattune/base/require.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::schedulers {
namespace {

/// The least of each objective over some points: what it does not weakly dominate, none of them
/// dominates.
std::vector<double> corner_of(const RungFronts& all, const std::vector<RungFronts::Index>& points) {
  const auto first = all.losses(points.front());
  std::vector<double> corner(first.begin(), first.end());
  for (const RungFronts::Index point : points) {
    const auto losses = all.losses(point);
    for (std::size_t k = 0; k < corner.size(); ++k) corner[k] = std::min(corner[k], losses[k]);
  }
  return corner;
}

}  // namespace

void RungFronts::clear() {
  losses_.clear();
  fronts_.clear();
}

std::span<const double> RungFronts::losses(Index index) const {
  return std::span{losses_}.subspan(index * width_, width_);
}

void RungFronts::add(Index index, std::span<const double> losses) {
  if (fronts_.empty()) width_ = losses.size();
  WATTUNE_REQUIRE(losses.size() == width_);
  losses_.resize(std::max<std::size_t>(losses_.size(), (index + 1) * width_));
  std::ranges::copy(losses, losses_.begin() + static_cast<std::ptrdiff_t>(index * width_));
  const auto first = std::ranges::partition_point(
      fronts_, [&](const std::vector<Index>& front) { return is_dominated(losses, front); });
  push_down({index}, static_cast<std::size_t>(first - fronts_.begin()));
}

bool RungFronts::is_dominated(std::span<const double> losses,
                              const std::vector<Index>& front) const {
  return std::ranges::any_of(
      front, [&](Index member) { return math::dominates(this->losses(member), losses); });
}

/// Puts points into a front; members of it that they dominate go into the next one, and so on.
void RungFronts::push_down(std::vector<Index> pushed, std::size_t front) {
  for (; !pushed.empty(); ++front) {
    if (front == fronts_.size()) fronts_.emplace_back();
    std::vector<Index>& members = fronts_[front];
    const std::vector<double> corner = corner_of(*this, pushed);
    const auto stays = [&](Index member) {
      const auto losses = this->losses(member);
      return !math::dominates(corner, losses) || !is_dominated(losses, pushed);
    };
    const auto leaving = std::stable_partition(members.begin(), members.end(), stays);
    std::vector<Index> next(leaving, members.end());
    members.erase(leaving, members.end());
    members.insert(members.end(), pushed.begin(), pushed.end());
    pushed = std::move(next);
  }
}

}  // namespace wattune::schedulers
