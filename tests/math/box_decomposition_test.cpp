#include "wattune/math/box_decomposition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/random.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::math {
namespace {

using Point = std::vector<double>;
using Points = std::vector<Point>;

/// Directions on the positive part of the unit sphere: no point dominates another.
Points sphere_points(std::size_t count, std::size_t num_objectives, std::uint64_t seed) {
  Rng rng{seed};
  Points points(count, Point(num_objectives));
  for (Point& point : points) {
    double square = 0.0;
    for (double& loss : point) {
      loss = std::abs(rng.normal());
      square += loss * loss;
    }
    for (double& loss : point) loss = 1.0 - loss / std::sqrt(square);
  }
  return points;
}

/// Points that share many coordinates, dominate each other, repeat and touch the reference (6).
Points grid_points(std::size_t count, std::size_t num_objectives, std::uint64_t seed) {
  Rng rng{seed};
  Points points(count, Point(num_objectives));
  for (Point& point : points) {
    for (double& loss : point) loss = static_cast<double>(rng.index(7));
  }
  return points;
}

bool contains(const Box& box, const Point& point) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(box.lower[k] <= point[k] && point[k] < box.upper[k])) return false;
  }
  return true;
}

/// Volume above the corner (floor, ..., floor), which must lie below all points.
double volume_above(const std::vector<Box>& boxes, double floor) {
  double volume = 0.0;
  for (const Box& box : boxes) {
    double part = 1.0;
    for (std::size_t k = 0; k < box.lower.size(); ++k) {
      part *= box.upper[k] - std::max(box.lower[k], floor);
    }
    volume += part;
  }
  return volume;
}

void expect_that_boxes_hold_what_is_not_dominated(const Points& points, double reference) {
  const std::size_t num_objectives = points.front().size();
  const std::vector<Box> boxes = non_dominated_boxes(points, Point(num_objectives, reference));
  Rng rng{points.size(), num_objectives};
  for (int i = 0; i < 1000; ++i) {
    Point place(num_objectives);
    for (double& coordinate : place) coordinate = rng.uniform(-0.2 * reference, 1.1 * reference);
    const bool is_below =
        std::ranges::all_of(place, [&](double coordinate) { return coordinate < reference; });
    const bool is_free = is_below && std::ranges::none_of(points, [&](const Point& point) {
                           return dominates(point, place);
                         });
    const auto num_holding =
        std::ranges::count_if(boxes, [&](const Box& box) { return contains(box, place); });
    ASSERT_EQ(num_holding, is_free ? 1 : 0)
        << num_objectives << " objectives, " << points.size() << " points";
  }
}

}  // namespace

TEST(NonDominatedBoxes, OfTwoPointsAreThreeStrips) {
  const auto boxes = non_dominated_boxes(Points{{1.0, 3.0}, {2.0, 1.0}}, Point{5.0, 4.0});

  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_TRUE(std::ranges::any_of(boxes, [](const Box& box) {
    return contains(box, {-9.0, 3.5});
  }));
  EXPECT_DOUBLE_EQ(volume_above(boxes, 0.0), 5.0 + 2.0 * 2.0 + 1.0);
}

TEST(NonDominatedBoxes, OfNoPointAreAllBelowTheReference) {
  const auto boxes = non_dominated_boxes(Points{{3.0, 4.0}}, Point{3.0, 5.0});

  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0].upper, (Point{3.0, 5.0}));
  EXPECT_TRUE(std::isinf(boxes[0].lower[0]) && std::isinf(boxes[0].lower[1]));
}

TEST(NonDominatedBoxes, AreDisjointAndCoverWhatNoPointDominates) {
  for (std::size_t num_objectives = 1; num_objectives <= 6; ++num_objectives) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      expect_that_boxes_hold_what_is_not_dominated(sphere_points(18, num_objectives, seed), 1.1);
      expect_that_boxes_hold_what_is_not_dominated(grid_points(18, num_objectives, seed), 6.0);
    }
  }
}

TEST(NonDominatedBoxes, FillWhatTheHypervolumeLeaves) {
  for (std::size_t num_objectives = 2; num_objectives <= 6; ++num_objectives) {
    const Point reference(num_objectives, 1.1);
    const Point coarse_reference(num_objectives, 6.0);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Points points = sphere_points(25, num_objectives, seed);
      const double all = std::pow(1.1, static_cast<double>(num_objectives));
      EXPECT_NEAR(volume_above(non_dominated_boxes(points, reference), 0.0),
                  all - hypervolume(points, reference), 1e-12 * all);
      const Points coarse = grid_points(25, num_objectives, seed);
      const double coarse_all = std::pow(6.0, static_cast<double>(num_objectives));
      EXPECT_DOUBLE_EQ(volume_above(non_dominated_boxes(coarse, coarse_reference), 0.0),
                       coarse_all - hypervolume(coarse, coarse_reference));
    }
  }
}

TEST(NonDominatedBoxes, AreTwoPerPointAndOneForThreeObjectives) {
  const Points points = sphere_points(200, 3, 7);
  EXPECT_EQ(non_dominated_boxes(points, Point(3, 1.1)).size(), 401u);
  EXPECT_EQ(non_dominated_boxes(sphere_points(200, 2, 7), Point(2, 1.1)).size(), 201u);
}

}  // namespace wattune::math
