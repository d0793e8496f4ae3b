#include <gtest/gtest.h>

#include <cmath>

#include "../../src/samplers/bad_density.hpp"
#include "../../src/samplers/bandwidth.hpp"
#include "../../src/samplers/good_density.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

std::vector<Axis> axes_of(const space::Space& space) {
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < space.size(); ++i) axes.emplace_back(space, i);
  return axes;
}

Places places_of(const space::Space& space, const std::vector<Axis>& axes,
                 const space::Configuration& configuration) {
  Places places;
  for (const Axis& axis : axes) places.push_back(axis.place_of(space, configuration));
  return places;
}

std::vector<Places> random_places(const space::Space& space, const std::vector<Axis>& axes,
                                  std::size_t count, std::uint64_t seed) {
  Rng rng{seed};
  std::vector<Places> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(places_of(space, axes, *space.sample(rng)));
  }
  return all;
}

std::vector<std::size_t> all_members(const space::Space& space) {
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < space.size(); ++i) members.push_back(i);
  return members;
}

}  // namespace

TEST(GoodDensity, SumsToOneOverTheSpace) {
  using space::Choice;
  const space::Condition if_b{"c", space::Comparison::In, {Choice{std::string{"b"}}}};
  const space::Space space{
      {fake::parameter("c", space::ChoiceDomain{{std::string{"a"}, std::string{"b"}}, false}),
       fake::parameter("n", space::IntDomain{1, 20, true, 1}),
       fake::parameter("x", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {if_b})}};
  const auto axes = axes_of(space);
  const auto members = all_members(space);
  const auto kernels = random_places(space, axes, 5, 1);
  std::vector<const Places*> pointers;
  for (const Places& places : kernels) pointers.push_back(&places);
  const GoodDensity density{axes, members, pointers, 1.0};

  double total = 0.0;
  constexpr int kSteps = 400;
  for (std::size_t n = 0; n < 20; ++n) {
    const Place at_n = axes[1].place_in(n);
    total += std::exp(density.log_density({axes[0].place_in(0), at_n, Place{}}));
    for (int i = 0; i < kSteps; ++i) {
      const Place at_x{true, (i + 0.5) / kSteps, 0};
      total += std::exp(density.log_density({axes[0].place_in(1), at_n, at_x})) / kSteps;
    }
  }
  EXPECT_NEAR(total, 1.0, 1e-4);  // the midpoint rule on a smooth density
}

TEST(GoodDensity, DrawsWhereItIsDense) {
  const space::Space space = fake::unit_cube(1);
  const auto axes = axes_of(space);
  const std::vector<std::size_t> members{0};
  const Places left{{true, 0.1, 0}};
  const std::vector<const Places*> kernels(20, &left);
  const GoodDensity density{axes, members, kernels, 1.0};
  Rng rng{3};
  std::vector<double> point(1);
  int num_left = 0;
  for (int i = 0; i < 1000; ++i) {
    density.draw(point, rng);
    EXPECT_GE(point[0], 0.0);
    EXPECT_LE(point[0], 1.0);
    num_left += point[0] < 0.3 ? 1 : 0;
  }
  // 20 of 21 draws come from kernels of bandwidth below 0.06, 30 % of the rest; six deviations.
  EXPECT_NEAR(num_left, 1000 * (20 + 0.3) / 21, 6 * std::sqrt(1000 * 0.967 * 0.033));
}

TEST(BadDensity, EqualsTheSumWrittenOutInDoublePrecision) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto members = all_members(space);
  const auto kernels = random_places(space, axes, 700, 1);  // more than one block
  const auto points = random_places(space, axes, 30, 2);
  BadDensity density{axes, members, 1.0};
  for (std::uint32_t i = 0; i < kernels.size(); ++i) density.add(i, kernels[i]);
  const auto logs = density.log_densities(points);

  const std::size_t rung = 665;  // the ladder's number below 700
  for (std::size_t p = 0; p < points.size(); ++p) {
    double prior = 1.0;
    for (std::size_t m = 0; m < axes.size(); ++m) {
      if (points[p][m].is_active) prior *= std::exp(axes[m].log_uniform(points[p][m]));
    }
    double sum = prior;
    for (const Places& kernel : kernels) {
      double log = 0.0;
      for (std::size_t m = 0; m < axes.size(); ++m) {
        if (!points[p][m].is_active) continue;
        const double bandwidth = bandwidth_of(axes[m], rung, axes.size(), kUniformVariance);
        log += kernel[m].is_active ? axes[m].log_norm(kernel[m], bandwidth) +
                                         axes[m].log_kernel(points[p][m], kernel[m], bandwidth)
                                   : axes[m].log_uniform(points[p][m]);
      }
      sum += std::exp(log);
    }
    EXPECT_NEAR(logs[p], std::log(sum / 701.0), 1e-4) << "point " << p;
  }
}

TEST(BadDensity, DoesNotDependOnTheOrderInWhichKernelsCameAndWent) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto kernels = random_places(space, axes, 600, 1);
  const auto points = random_places(space, axes, 10, 2);
  BadDensity forwards{axes, all_members(space), 1.0};
  BadDensity backwards{axes, all_members(space), 1.0};
  for (std::uint32_t i = 0; i < 600; ++i) {
    forwards.add(i, kernels[i]);
    if (i % 50 == 0) static_cast<void>(forwards.log_densities(points));  // settles bandwidths
    if (i % 7 == 0) forwards.remove(i);
    const std::uint32_t j = 599 - i;
    if (j % 7 != 0) backwards.add(j, kernels[j]);
  }
  EXPECT_EQ(forwards.log_densities(points), backwards.log_densities(points));
}

}  // namespace wattune::samplers
