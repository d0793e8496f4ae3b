#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "../../src/samplers/bad_axis_density.hpp"
#include "../../src/samplers/bad_density.hpp"
#include "../../src/samplers/bandwidth.hpp"
#include "../../src/samplers/good_axis_density.hpp"
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

std::vector<GoodTrial> random_good(const space::Space& space, const std::vector<Axis>& axes,
                                   std::size_t count) {
  std::vector<GoodTrial> good;
  for (Places& places : random_places(space, axes, count, 1)) {
    good.push_back({std::move(places), 0.5 + static_cast<double>(good.size())});
  }
  return good;
}

/// Of one kernel: its density, on cells its mass, written out in double precision.
double kernel_at(const Axis& axis, const Place& at, const Place& centre, double bandwidth) {
  if (axis.kind() == AxisKind::Fixed) return 1.0;
  if (axis.kind() == AxisKind::Unordered) {
    const double others = bandwidth * static_cast<double>(axis.num_cells() - 1);
    return (at.cell == centre.cell ? 1.0 : bandwidth) / (1.0 + others);
  }
  const auto middle = static_cast<double>(centre.coordinate);
  const auto below = [&](double edge) {
    return 0.5 * std::erfc((middle - edge) / (std::numbers::sqrt2 * bandwidth));
  };
  const double inside = below(1.0) - below(0.0);
  if (axis.kind() == AxisKind::Cells) {
    return (below(axis.high_edge(at.cell)) - below(axis.low_edge(at.cell))) / inside;
  }
  const double z = (static_cast<double>(at.coordinate) - middle) / bandwidth;
  return std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2.0 * std::numbers::pi) * inside);
}

double density_at(const GoodAxisDensity& density, std::size_t axis_index, const Place& place) {
  const std::vector<Places> points{Places(axis_index + 1, place)};
  double found = 0.0;
  density.find_densities(points, {&found, 1});
  return found;
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
  const auto good = random_good(space, axes, 5);
  const ProductKernels density = good_density(axes, good, 1.0);

  const auto at = [&](const Places& places) {
    return std::exp(density.log_densities({&places, 1}).front());
  };
  double total = 0.0;
  constexpr int kSteps = 400;
  for (std::size_t n = 0; n < 20; ++n) {
    const Place at_n = axes[1].place_in(n);
    total += at({axes[0].place_in(0), at_n, Place{}});
    for (int i = 0; i < kSteps; ++i) {
      const Place at_x{true, 0, (static_cast<float>(i) + 0.5F) / kSteps};
      total += at({axes[0].place_in(1), at_n, at_x}) / kSteps;
    }
  }
  EXPECT_NEAR(total, 1.0, 1e-4);  // the midpoint rule on a smooth density
}

TEST(GoodDensity, AHeavierTrialDrawsTheDensityToItsPlace) {
  const space::Space space = fake::unit_cube(2);
  const auto axes = axes_of(space);
  const Place low{true, 0, 0.2F};
  const Place high{true, 0, 0.8F};
  const std::vector<GoodTrial> good{{{low, low}, 1.5}, {{high, high}, 0.5}};
  const ProductKernels density = good_density(axes, good, 1.0);
  // Mirror images but for the weights: the kernels' parts stand 3 : 1 where the other is far.
  const std::vector<Places> places{{low, low}, {high, high}};
  const auto logs = density.log_densities(places);
  EXPECT_GT(logs[0], logs[1]);
  const GoodAxisDensity alone{axes[0], 0, good, 1.0};
  std::vector<double> on_axis(2);
  alone.find_densities(places, on_axis);
  EXPECT_GT(on_axis[0], on_axis[1]);
}

TEST(AxisDensities, SumToOneOnEveryKindOfAxis) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto good = random_good(space, axes, 9);
  constexpr int kSteps = 2000;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].kind() == AxisKind::Fixed) continue;
    const GoodAxisDensity good_density{axes[a], a, good, 1.0};
    BinnedKernelsByBandwidth kernels_of_bins;
    BadAxisDensity bad_density{axes[a], 1.0, kernels_of_bins};
    for (const GoodTrial& trial : good) bad_density.add(trial.places[a]);
    double good_total = 0.0;
    double bad_total = 0.0;
    const bool has_cells = axes[a].num_cells() > 0;
    const std::size_t num_places = has_cells ? axes[a].num_cells() : kSteps;
    for (std::size_t i = 0; i < num_places; ++i) {
      const Place at =
          has_cells ? axes[a].place_in(i) : Place{true, 0, (static_cast<float>(i) + 0.5F) / kSteps};
      good_total += density_at(good_density, a, at) / (has_cells ? 1.0 : kSteps);
      bad_total += bad_density.density(at) / (has_cells ? 1.0 : kSteps);
    }
    EXPECT_NEAR(good_total, 1.0, 1e-4) << space.parameters()[a].name;
    EXPECT_NEAR(bad_total, 1.0, 1e-4) << space.parameters()[a].name;
  }
}

TEST(GoodAxisDensity, DrawsWhereItIsDense) {
  const space::Space space = fake::unit_cube(1);
  const auto axes = axes_of(space);
  const std::vector<GoodTrial> good(20, GoodTrial{{{true, 0, 0.1F}}, 1.0});
  const GoodAxisDensity density{axes[0], 0, good, 1.0};
  Rng rng{3};
  int num_left = 0;
  std::vector<double> draws(1000);
  density.draw(rng, draws, 1);
  for (const double drawn : draws) {
    EXPECT_GE(drawn, 0.0);
    EXPECT_LE(drawn, 1.0);
    num_left += drawn < 0.3 ? 1 : 0;
  }
  // 20 of 21 draws come from kernels of bandwidth below 0.06, 30 % of the rest; six deviations.
  EXPECT_NEAR(num_left, 1000 * (20 + 0.3) / 21, 6 * std::sqrt(1000 * 0.967 * 0.033));
}

TEST(GoodAxisDensity, EqualsTheSumWrittenOutInDoublePrecision) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto good = random_good(space, axes, 19);  // not a whole number of lanes
  const auto points = random_places(space, axes, 20, 2);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].kind() == AxisKind::Fixed) continue;
    const GoodAxisDensity density{axes[a], a, good, 2.0};
    std::size_t num_active = 0;
    for (const GoodTrial& trial : good) num_active += trial.places[a].is_active ? 1 : 0;
    const double bandwidth =
        bandwidth_of(axes[a], std::max<std::size_t>(1, num_active), 1, variance_on(a, good));
    for (const Places& at : points) {
      if (!at[a].is_active) continue;
      double sum = 2.0 * axes[a].uniform(at[a]);
      double weight = 2.0;
      for (const GoodTrial& trial : good) {
        const Place& centre = trial.places[a];
        if (!centre.is_active) continue;
        weight += trial.weight;
        sum += trial.weight * kernel_at(axes[a], at[a], centre, bandwidth);
      }
      EXPECT_NEAR(density_at(density, a, at[a]) / (sum / weight), 1.0, 1e-5)
          << space.parameters()[a].name;
    }
  }
}

TEST(BadAxisDensity, IsCloseToTheSumOverTheTruePlaces) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto kernels = random_places(space, axes, 700, 1);
  const auto points = random_places(space, axes, 20, 2);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].kind() == AxisKind::Fixed) continue;
    BinnedKernelsByBandwidth kernels_of_bins;
    BadAxisDensity density{axes[a], 1.0, kernels_of_bins};
    std::size_t num_active = 0;
    for (const Places& places : kernels) {
      density.add(places[a]);
      num_active += places[a].is_active ? 1 : 0;
    }
    const double bandwidth = bandwidth_of(axes[a], rung_below(num_active), 1, kUniformVariance);
    for (const Places& at : points) {
      if (!at[a].is_active) continue;
      double sum = axes[a].uniform(at[a]);
      for (const Places& kernel : kernels) {
        if (!kernel[a].is_active) continue;
        sum += kernel_at(axes[a], at[a], kernel[a], bandwidth);
      }
      // Places move by up to half a bin of 1/256, against bandwidths of 0.08 and more.
      EXPECT_NEAR(density.density(at[a]) * (static_cast<double>(num_active) + 1.0) / sum, 1.0, 1e-2)
          << space.parameters()[a].name;
    }
  }
}

TEST(BadAxisDensity, DoesNotDependOnTheOrderInWhichKernelsCameAndWent) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto kernels = random_places(space, axes, 300, 1);
  const auto points = random_places(space, axes, 10, 2);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    BinnedKernelsByBandwidth kernels_of_bins;
    BadAxisDensity forwards{axes[a], 1.0, kernels_of_bins};
    BadAxisDensity backwards{axes[a], 1.0, kernels_of_bins};
    for (std::size_t i = 0; i < 300; ++i) {
      forwards.add(kernels[i][a]);
      // Asked, it follows trial by trial; not asked, it is made at the end.
      if (i < 100 || i > 200) static_cast<void>(forwards.density(points[0][a]));
      if (i % 7 == 0) forwards.remove(kernels[i][a]);
      if ((299 - i) % 7 != 0) backwards.add(kernels[299 - i][a]);
    }
    for (const Places& at : points) {
      if (!at[a].is_active) continue;
      EXPECT_EQ(forwards.density(at[a]), backwards.density(at[a]));
    }
  }
}

TEST(BadDensity, EqualsTheSumWrittenOutInDoublePrecision) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto kernels = random_places(space, axes, 700, 1);  // more than one block
  const auto points = random_places(space, axes, 30, 2);
  BadDensity density{axes, 1.0};
  for (std::uint32_t i = 0; i < kernels.size(); ++i) density.add(i, kernels[i]);
  const auto logs = density.log_densities(points);

  const std::size_t rung = rung_below(700);
  for (std::size_t p = 0; p < points.size(); ++p) {
    double prior = 1.0;
    for (std::size_t m = 0; m < axes.size(); ++m) {
      if (points[p][m].is_active) prior *= axes[m].uniform(points[p][m]);
    }
    double sum = prior;
    for (const Places& kernel : kernels) {
      double product = 1.0;
      for (std::size_t m = 0; m < axes.size(); ++m) {
        if (!points[p][m].is_active) continue;
        const double bandwidth = bandwidth_of(axes[m], rung, axes.size(), kUniformVariance);
        product *= kernel[m].is_active ? kernel_at(axes[m], points[p][m], kernel[m], bandwidth)
                                       : axes[m].uniform(points[p][m]);
      }
      sum += product;
    }
    EXPECT_NEAR(logs[p], std::log(sum / 701.0), 1e-4) << "point " << p;
  }
}

TEST(BadDensity, DoesNotDependOnTheOrderInWhichKernelsCameAndWent) {
  const space::Space space = fake::every_kind();
  const auto axes = axes_of(space);
  const auto kernels = random_places(space, axes, 600, 1);
  const auto points = random_places(space, axes, 10, 2);
  BadDensity forwards{axes, 1.0};
  BadDensity backwards{axes, 1.0};
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
