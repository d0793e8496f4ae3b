#include "layers.hpp"

#include <algorithm>
#include <iterator>

#include "wattune/base/require.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::samplers {

std::vector<double> reference_beyond(std::span<const std::vector<double>> points) {
  std::vector<double> least = points.front();
  std::vector<double> worst = points.front();
  for (const auto& point : points) {
    for (std::size_t i = 0; i < point.size(); ++i) {
      least[i] = std::min(least[i], point[i]);
      worst[i] = std::max(worst[i], point[i]);
    }
  }
  for (std::size_t i = 0; i < worst.size(); ++i) {
    const double range = worst[i] - least[i];
    worst[i] += range > 0.0 ? 0.1 * range : 1.0;
  }
  return worst;
}

void LossTable::set(std::uint32_t number, std::span<const double> losses) {
  WATTUNE_REQUIRE(losses.size() == num_objectives_);
  const std::size_t first = number * num_objectives_;
  if (losses_.size() < first + num_objectives_) losses_.resize(first + num_objectives_);
  std::ranges::copy(losses, losses_.begin() + static_cast<std::ptrdiff_t>(first));
}

void Layers::insert(std::uint32_t number, std::span<const double> losses) {
  losses_.set(number, losses);
  ++size_;
  if (losses_.num_objectives() == 1) {
    by_loss_.emplace(losses[0], number);
  } else {
    waiting_.push_back(number);
  }
}

void Layers::erase(std::uint32_t number) {
  --size_;
  if (losses_.num_objectives() == 1) {
    by_loss_.erase({losses_[number][0], number});
    return;
  }
  if (std::erase(waiting_, number) > 0) return;
  for (Front& front : fronts_) {
    if (std::erase(front, number) > 0) break;
  }
  must_sort_anew_ = true;
}

bool Layers::has_dominator(const Front& front, std::uint32_t number) const {
  return std::ranges::any_of(front, [&](std::uint32_t member) {
    return math::dominates(losses_[member], losses_[number]);
  });
}

void Layers::push_down(std::uint32_t number) {
  auto front = std::ranges::partition_point(
      fronts_, [&](const Front& members) { return has_dominator(members, number); });
  Front moving{number};
  for (; !moving.empty(); ++front) {
    if (front == fronts_.end()) {
      fronts_.push_back(std::move(moving));
      return;
    }
    const auto beaten =
        std::stable_partition(front->begin(), front->end(),
                              [&](std::uint32_t member) { return !has_dominator(moving, member); });
    Front next(beaten, front->end());
    front->erase(beaten, front->end());
    front->insert(front->end(), moving.begin(), moving.end());
    moving = std::move(next);
  }
}

void Layers::sort_anew() {
  for (const Front& front : fronts_) waiting_.insert(waiting_.end(), front.begin(), front.end());
  std::vector<std::vector<double>> points;
  points.reserve(waiting_.size());
  for (const std::uint32_t number : waiting_) {
    points.emplace_back(losses_[number].begin(), losses_[number].end());
  }
  const std::vector<std::size_t> ranks = math::non_dominated_ranks(points);
  fronts_.assign(ranks.empty() ? 0 : *std::ranges::max_element(ranks) + 1, {});
  for (std::size_t i = 0; i < ranks.size(); ++i) fronts_[ranks[i]].push_back(waiting_[i]);
  waiting_.clear();
  must_sort_anew_ = false;
}

std::vector<std::uint32_t> Layers::best(std::size_t count) {
  Front best;
  if (losses_.num_objectives() == 1) {
    for (const auto& [loss, number] : by_loss_) {
      if (best.size() == count) break;
      best.push_back(number);
    }
  } else {
    // Sorting anew costs about as much as a few dozen insertions.
    if (must_sort_anew_ || waiting_.size() > 32) sort_anew();
    for (const std::uint32_t number : std::exchange(waiting_, {})) push_down(number);
    for (const Front& front : fronts_) {
      const std::size_t num_left = count - best.size();
      if (num_left == 0) break;
      const Front chosen = front.size() <= num_left ? front : spread_out(front, num_left);
      best.insert(best.end(), chosen.begin(), chosen.end());
    }
  }
  std::ranges::sort(best);
  return best;
}

Layers::Front Layers::spread_out(Front front, std::size_t count) {
  std::ranges::sort(front);
  if (front == last_front_ && count == last_chosen_.size()) return last_chosen_;
  std::vector<std::vector<double>> points;
  for (const std::uint32_t number : front) {
    points.emplace_back(losses_[number].begin(), losses_[number].end());
  }
  Front chosen;
  for (const std::size_t index :
       math::select_by_hypervolume(points, reference_beyond(points), count)) {
    chosen.push_back(front[index]);
  }
  last_front_ = std::move(front);
  last_chosen_ = chosen;
  return chosen;
}

}  // namespace wattune::samplers
