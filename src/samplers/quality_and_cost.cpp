#include "quality_and_cost.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

constexpr double kJustAboveZero = 1e-12;

std::vector<double> column(std::span<const std::vector<double>> losses, std::size_t k) {
  std::vector<double> values;
  for (const auto& pair : losses) values.push_back(pair[k]);
  return values;
}

/// Costs in their own unit, lower is better, all above 0.
std::vector<double> costs_of(std::span<const std::vector<double>> losses,
                             const trial::Objective& objective) {
  std::vector<double> costs;
  for (const double loss : column(losses, 1)) {
    const bool is_thrift = objective.direction == trial::Direction::Maximize;
    costs.push_back(is_thrift ? 1.0 / std::max(-loss, kJustAboveZero)
                              : std::max(loss, kJustAboveZero));
  }
  return costs;
}

double target_of(const Scalarisation& scalarisation, const trial::Objective& cost,
                 std::span<const double> costs) {
  if (!scalarisation.target) return math::median(costs);
  return cost.direction == trial::Direction::Maximize ? 1.0 / *scalarisation.target
                                                      : *scalarisation.target;
}

double product(double loss, bool is_maximised, double cost_over_target, double exponent) {
  const double power = std::pow(cost_over_target, exponent);
  return is_maximised ? loss * power : loss / power;
}

/// Beyond the target: as bad as the worst quality, and more by how far beyond.
double beyond_limit(const math::Range& quality, double cost_over_target) {
  constexpr double kFarthest = 10.0;
  const double range = std::max(quality.max - quality.min, 1e-9);
  return quality.max + range * (0.1 + std::min(cost_over_target - 1.0, kFarthest));
}

double negated_harmonic_mean(double quality, double thrift, double weight) {
  constexpr double kLeast = 1e-3;
  return -1.0 / (weight / std::max(quality, kLeast) + (1.0 - weight) / std::max(thrift, kLeast));
}

}  // namespace

std::vector<double> scalar_losses(std::span<const std::vector<double>> losses,
                                  std::span<const trial::Objective> objectives,
                                  const Scalarisation& scalarisation) {
  WATTUNE_REQUIRE(objectives.size() == 2);
  if (losses.empty()) return {};
  const std::vector<double> qualities = column(losses, 0);
  const std::vector<double> cost_losses = column(losses, 1);
  const std::vector<double> costs = costs_of(losses, objectives[1]);
  const math::Range quality = math::min_max(qualities);
  const math::Range cost = math::min_max(cost_losses);
  const double target = target_of(scalarisation, objectives[1], costs);
  const bool is_maximised = objectives[0].direction == trial::Direction::Maximize;
  const double weight = scalarisation.weight;
  std::vector<double> scalars;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double q = quality.fraction(qualities[i]);
    const double c = cost.fraction(cost_losses[i]);
    const double over_target = costs[i] / target;
    switch (scalarisation.kind) {
      case ScalarisationKind::Weighted:
        scalars.push_back(weight * q + (1.0 - weight) * c);
        break;
      case ScalarisationKind::Product:
        scalars.push_back(product(qualities[i], is_maximised, over_target, scalarisation.exponent));
        break;
      case ScalarisationKind::HardLimit:
        scalars.push_back(over_target <= 1.0 ? qualities[i] : beyond_limit(quality, over_target));
        break;
      case ScalarisationKind::Harmonic:
        scalars.push_back(negated_harmonic_mean(1.0 - q, 1.0 - c, weight));
        break;
    }
  }
  return scalars;
}

}  // namespace wattune::samplers
