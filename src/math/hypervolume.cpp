#include "wattune/math/hypervolume.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <utility>

#include "wattune/base/require.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::math {
namespace {

using Point = std::vector<double>;
using Points = std::vector<Point>;

bool is_below(std::span<const double> point, std::span<const double> reference) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (!(point[i] < reference[i])) return false;
  }
  return true;
}

double box_volume(std::span<const double> point, std::span<const double> reference) {
  double volume = 1.0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    volume *= std::max(0.0, reference[i] - point[i]);
  }
  return volume;
}

double volume_of_two(const Points& sorted, std::span<const double> reference) {
  double volume = 0.0;
  double ceiling = reference[1];
  for (const Point& point : sorted) {
    if (point[1] >= ceiling) continue;
    volume += (reference[0] - point[0]) * (ceiling - point[1]);
    ceiling = point[1];
  }
  return volume;
}

/// Area that a growing set of points of the plane dominates.
class Staircase {
 public:
  explicit Staircase(std::span<const double> reference) {
    steps_.emplace(-std::numeric_limits<double>::infinity(), reference[1]);
    steps_.emplace(reference[0], -std::numeric_limits<double>::infinity());
  }

  void add(double x, double y) {
    auto next = steps_.lower_bound(x);
    double ceiling = std::prev(next)->second;
    if (ceiling <= y || (next->first == x && next->second <= y)) return;
    double left = x;
    while (true) {
      area_ += (next->first - left) * (ceiling - y);
      if (next->second <= y) break;
      left = next->first;
      ceiling = next->second;
      next = steps_.erase(next);
    }
    steps_.emplace_hint(next, x, y);
  }

  [[nodiscard]] double area() const { return area_; }

 private:
  std::map<double, double> steps_;  // x -> lowest y at x or before; y falls as x grows
  double area_ = 0.0;
};

double volume_of_three(Points points, std::span<const double> reference) {
  std::ranges::sort(points, {}, [](const Point& point) { return point[2]; });
  Staircase stairs{reference.first(2)};
  double volume = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    stairs.add(points[i][0], points[i][1]);
    const double next = i + 1 < points.size() ? points[i + 1][2] : reference[2];
    volume += stairs.area() * (next - points[i][2]);
  }
  return volume;
}

/// The others as seen from `point`: each is moved up to where it only covers what `point` covers.
template <typename Range>
Points limited_to(std::span<const double> point, const Range& others) {
  Points limited;
  limited.reserve(std::size(others));
  for (const Point& other : others) {
    Point moved(other);
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = std::max(moved[i], point[i]);
    limited.push_back(std::move(moved));
  }
  return limited;
}

Points without_dominated(Points points) {
  std::ranges::sort(points);
  Points kept;
  for (Point& point : points) {
    const bool is_covered = std::ranges::any_of(
        kept, [&](const Point& other) { return other == point || dominates(other, point); });
    if (!is_covered) kept.push_back(std::move(point));
  }
  return kept;
}

/// Takes    points  better than the reference, in any order
double volume_of(Points points, std::span<const double> reference) {
  if (points.empty()) return 0.0;
  if (points.size() == 1) return box_volume(points.front(), reference);
  if (reference.size() <= 2) {
    std::ranges::sort(points);
    if (reference.size() == 1) return reference[0] - points.front()[0];
    return volume_of_two(points, reference);
  }
  if (reference.size() == 3) return volume_of_three(std::move(points), reference);

  points = without_dominated(std::move(points));
  std::ranges::reverse(points);  // worst first: the limited sets stay small
  double volume = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto rest = std::span<const Point>{points}.subspan(i + 1);
    volume += box_volume(points[i], reference) - volume_of(limited_to(points[i], rest), reference);
  }
  return volume;
}

Points below(std::span<const Point> points, std::span<const double> reference) {
  Points counted;
  for (const Point& point : points) {
    WATTUNE_REQUIRE(point.size() == reference.size());
    if (is_below(point, reference)) counted.push_back(point);
  }
  return counted;
}

}  // namespace

double hypervolume(std::span<const Point> points, std::span<const double> reference) {
  WATTUNE_REQUIRE(!reference.empty());
  return volume_of(below(points, reference), reference);
}

double hypervolume_gain(std::span<const double> point, std::span<const Point> points,
                        std::span<const double> reference) {
  WATTUNE_REQUIRE(point.size() == reference.size());
  if (!is_below(point, reference)) return 0.0;
  const double shared = volume_of(limited_to(point, below(points, reference)), reference);
  return std::max(0.0, box_volume(point, reference) - shared);
}

std::vector<double> hypervolume_contributions(std::span<const Point> points,
                                              std::span<const double> reference) {
  std::vector<double> contributions;
  contributions.reserve(points.size());
  Points others(points.begin(), points.end());
  for (std::size_t i = 0; i < points.size(); ++i) {
    // The last place holds the point in question, the others stand before it.
    std::swap(others[i], others.back());
    contributions.push_back(hypervolume_gain(
        points[i], std::span<const Point>{others}.first(others.size() - 1), reference));
    std::swap(others[i], others.back());
  }
  return contributions;
}

std::vector<std::size_t> select_by_hypervolume(std::span<const Point> points,
                                               std::span<const double> reference,
                                               std::size_t count) {
  struct Bound {
    double gain;
    std::size_t index;
    std::size_t set_size;  // of the chosen set when the gain was computed
    bool operator<(const Bound& other) const {
      return gain != other.gain ? gain < other.gain : index > other.index;
    }
  };
  std::priority_queue<Bound> queue;
  for (std::size_t i = 0; i < points.size(); ++i) {
    queue.push({hypervolume_gain(points[i], {}, reference), i, 0});
  }
  std::vector<std::size_t> chosen;
  Points chosen_points;
  while (!queue.empty() && chosen.size() < count) {
    Bound best = queue.top();
    queue.pop();
    if (best.set_size == chosen.size()) {
      chosen.push_back(best.index);
      chosen_points.push_back(points[best.index]);
      continue;
    }
    best.gain = hypervolume_gain(points[best.index], chosen_points, reference);
    best.set_size = chosen.size();
    queue.push(best);
  }
  return chosen;
}

}  // namespace wattune::math
