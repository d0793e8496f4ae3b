#include "wattune/math/pareto.hpp"

#include <algorithm>
#include <numeric>

#include "infinity.hpp"
#include "volume_sweeps.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

using Points = std::span<const std::vector<double>>;

/// The points in lexicographic order, in one block: only earlier ones can dominate a later one, and
/// they do if they are no worse from the second loss on and not equal.
class OrderedPoints {
 public:
  explicit OrderedPoints(Points points) : width_(points.empty() ? 0 : points.front().size()) {
    struct Key {
      double first;
      std::size_t index;
    };
    std::vector<Key> keys(points.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      WATTUNE_REQUIRE(points[i].size() == width_ && width_ > 0);
      keys[i] = {points[i].front(), i};
    }
    std::ranges::sort(keys, [&](const Key& left, const Key& right) {
      if (left.first != right.first) return left.first < right.first;
      if (points[left.index] != points[right.index]) {
        return points[left.index] < points[right.index];
      }
      return left.index < right.index;
    });
    order_.reserve(keys.size());
    values_.reserve(keys.size() * width_);
    for (const Key& key : keys) {
      order_.push_back(key.index);
      values_.insert(values_.end(), points[key.index].begin(), points[key.index].end());
    }
  }

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t index(std::size_t place) const { return order_[place]; }
  [[nodiscard]] const double* row(std::size_t place) const { return &values_[place * width_]; }
  [[nodiscard]] bool repeats_the_last(std::size_t place) const {
    return place > 0 && std::equal(row(place), row(place) + width_, row(place - 1));
  }

 private:
  std::size_t width_;
  std::vector<std::size_t> order_;
  std::vector<double> values_;  // [size x width]
};

/// One front while points come in lexicographic order; tells whether a member dominates a point
/// that differs from all members.
class Front {
 public:
  explicit Front(std::size_t width) : width_(width) {
    if (width_ == 3) stairs_.open(kInfinity, kInfinity);
  }

  [[nodiscard]] bool dominates(const double* point) const {
    // The last member has the lowest second loss, so that it dominates if any member does.
    if (width_ <= 2) return !tails_.empty() && tails_.back() <= point[width_ - 1];
    if (width_ == 3) return stairs_.covers(point[1], point[2]);
    const std::size_t tail = width_ - 1;
    for (std::size_t end = tails_.size(); end > 0; end -= tail) {
      const double* member = &tails_[end - tail];
      bool is_no_worse = true;
      for (std::size_t k = 0; k < tail && is_no_worse; ++k) {
        is_no_worse = member[k] <= point[k + 1];
      }
      if (is_no_worse) return true;
    }
    return false;
  }

  void add(const double* point) {
    if (width_ == 1) {
      tails_.assign(1, point[0]);
    } else if (width_ == 3) {
      (void)stairs_.add(point[1], point[2]);
    } else {
      tails_.insert(tails_.end(), point + 1, point + width_);
    }
  }

 private:
  std::size_t width_;
  std::vector<double> tails_;  // members from the second loss on
  sweeps::Stairs stairs_;      // in their place for three losses
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
  const OrderedPoints ordered{points};
  std::vector<std::size_t> ranks(points.size());
  std::vector<Front> fronts;
  std::size_t rank = 0;
  for (std::size_t place = 0; place < ordered.size(); ++place) {
    if (!ordered.repeats_the_last(place)) {
      const double* point = ordered.row(place);
      const auto free = std::ranges::partition_point(
          fronts, [&](const Front& front) { return front.dominates(point); });
      rank = static_cast<std::size_t>(free - fronts.begin());
      if (rank == fronts.size()) fronts.emplace_back(ordered.width());
      fronts[rank].add(point);
    }
    ranks[ordered.index(place)] = rank;
  }
  return ranks;
}

std::vector<std::size_t> pareto_front(Points points) {
  const OrderedPoints ordered{points};
  std::vector<std::size_t> members;
  Front front{ordered.width()};
  bool is_free = false;
  for (std::size_t place = 0; place < ordered.size(); ++place) {
    if (!ordered.repeats_the_last(place)) {
      is_free = !front.dominates(ordered.row(place));
      if (is_free) front.add(ordered.row(place));
    }
    if (is_free) members.push_back(ordered.index(place));
  }
  std::ranges::sort(members);
  return members;
}

}  // namespace wattune::math
