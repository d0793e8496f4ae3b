#include "wattune/math/box_decomposition.hpp"

#include <algorithm>
#include <cstdint>

#include "infinity.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::math {
namespace {

using Point = std::vector<double>;

bool is_below(std::span<const double> point, const double* bound) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(point[k] < bound[k])) return false;
  }
  return true;
}

/// The local upper bounds of a growing set of points: the corners that the region not dominated
/// reaches up to. Coordinate k of a bound is that of its k-th defining point.
///
/// Of equal coordinates that of the later point counts as larger; that only makes empty boxes.
class UpperBounds {
 public:
  explicit UpperBounds(std::span<const double> reference)
      : num_objectives_(reference.size()), bounds_(reference.begin(), reference.end()) {
    for (std::size_t k = 0; k < num_objectives_; ++k) {
      Point limit(num_objectives_, -kInfinity);
      limit[k] = reference[k];
      points_.insert(points_.end(), limit.begin(), limit.end());
      definers_.push_back(static_cast<std::uint32_t>(k));
    }
  }

  void add(std::span<const double> point) {
    const auto id = static_cast<std::uint32_t>(points_.size() / num_objectives_);
    points_.insert(points_.end(), point.begin(), point.end());
    const std::size_t num_before = size();
    std::size_t num_kept = 0;
    for (std::size_t i = 0; i < num_before; ++i) {
      if (is_below(point, &bounds_[i * num_objectives_])) {
        split(i, point, id);
      } else {
        move(i, num_kept++);
      }
    }
    for (std::size_t i = num_before; i < size(); ++i) move(i, num_kept++);
    bounds_.resize(num_kept * num_objectives_);
    definers_.resize(num_kept * num_objectives_);
  }

  [[nodiscard]] std::size_t size() const { return bounds_.size() / num_objectives_; }

  /// The box below the facet that bound i is the corner of; empty ones have no extent somewhere.
  [[nodiscard]] Box box(std::size_t i) const {
    const double* bound = &bounds_[i * num_objectives_];
    Box box{Point(num_objectives_, -kInfinity), Point(bound, bound + num_objectives_)};
    for (std::size_t k = 1; k < num_objectives_; ++k) {
      for (std::size_t j = 0; j < k; ++j) {
        box.lower[k] = std::max(box.lower[k], defining_coordinate(i, j, k));
      }
    }
    return box;
  }

 private:
  [[nodiscard]] double defining_coordinate(std::size_t i, std::size_t j, std::size_t k) const {
    return points_[definers_[i * num_objectives_ + j] * num_objectives_ + k];
  }

  void split(std::size_t i, std::span<const double> point, std::uint32_t id) {
    for (std::size_t k = 0; k < num_objectives_; ++k) {
      double highest = -kInfinity;  // k-th coordinate of the other defining points
      for (std::size_t j = 0; j < num_objectives_; ++j) {
        if (j != k) highest = std::max(highest, defining_coordinate(i, j, k));
      }
      if (point[k] < highest) continue;  // another bound has this corner
      const std::size_t first = bounds_.size();
      for (std::size_t j = 0; j < num_objectives_; ++j) {
        bounds_.push_back(bounds_[i * num_objectives_ + j]);
        definers_.push_back(definers_[i * num_objectives_ + j]);
      }
      bounds_[first + k] = point[k];
      definers_[first + k] = id;
    }
  }

  void move(std::size_t from, std::size_t to) {
    if (from == to) return;
    const auto at = [&](std::size_t i) { return static_cast<std::ptrdiff_t>(i * num_objectives_); };
    std::copy_n(bounds_.begin() + at(from), num_objectives_, bounds_.begin() + at(to));
    std::copy_n(definers_.begin() + at(from), num_objectives_, definers_.begin() + at(to));
  }

  std::size_t num_objectives_;
  std::vector<double> points_;           // [num_points x num_objectives], limits of each axis first
  std::vector<double> bounds_;           // [num_bounds x num_objectives]
  std::vector<std::uint32_t> definers_;  // [num_bounds x num_objectives], rows of points_
};

bool is_empty(const Box& box) {
  for (std::size_t k = 0; k < box.lower.size(); ++k) {
    if (!(box.lower[k] < box.upper[k])) return true;
  }
  return false;
}

}  // namespace

std::vector<Box> non_dominated_boxes(std::span<const Point> front,
                                     std::span<const double> reference) {
  WATTUNE_REQUIRE(!reference.empty());
  std::vector<Point> points;
  for (const Point& point : front) {
    WATTUNE_REQUIRE(point.size() == reference.size());
    if (is_below(point, reference.data())) points.push_back(point);
  }
  std::ranges::sort(points);
  const auto equal = std::ranges::unique(points);
  points.erase(equal.begin(), equal.end());

  UpperBounds bounds{reference};
  for (const std::size_t index : pareto_front(points)) bounds.add(points[index]);
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    Box box = bounds.box(i);
    if (!is_empty(box)) boxes.push_back(std::move(box));
  }
  return boxes;
}

}  // namespace wattune::math
