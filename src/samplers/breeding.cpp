#include "breeding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

/// How far children lie from the parents' middle, in half distances of the parents, so that none is
/// beyond the bound; `room` is the distance to it.
double spread_factor(double room, double distance, double index, double uniform) {
  const double limit = 1.0 + 2.0 * room / distance;
  const double alpha = 2.0 - std::pow(limit, -(index + 1.0));
  const double base = uniform <= 1.0 / alpha ? uniform * alpha : 1.0 / (2.0 - uniform * alpha);
  return std::pow(base, 1.0 / (index + 1.0));
}

/// One of the two children of simulated binary crossover in [0, 1].
double simulated_binary(double first, double second, double index, Rng& rng) {
  constexpr double kLeastDistance = 1e-14;
  const double low = std::min(first, second);
  const double high = std::max(first, second);
  const double distance = high - low;
  const double uniform = rng.uniform();
  const bool is_lower = rng.uniform() < 0.5;
  if (distance < kLeastDistance) return first;
  const double room = is_lower ? low : 1.0 - high;
  const double half = 0.5 * distance * spread_factor(room, distance, index, uniform);
  const double middle = 0.5 * (low + high);
  return std::clamp(is_lower ? middle - half : middle + half, 0.0, 1.0);
}

/// A step of polynomial mutation from a coordinate, staying in [0, 1].
double polynomial_step(double coordinate, double index, Rng& rng) {
  const double uniform = rng.uniform();
  const double power = 1.0 / (index + 1.0);
  if (uniform < 0.5) {
    const double rest =
        2.0 * uniform + (1.0 - 2.0 * uniform) * std::pow(1.0 - coordinate, index + 1.0);
    return std::pow(rest, power) - 1.0;
  }
  const double rest =
      2.0 * (1.0 - uniform) + (2.0 * uniform - 1.0) * std::pow(coordinate, index + 1.0);
  return 1.0 - std::pow(rest, power);
}

void check_probability(std::string_view sampler, std::string_view name, double value) {
  if (value >= 0.0 && value <= 1.0) return;
  throw ConfigError(fmt::format("sampler {}: {} is {}; 0 to 1 is allowed", sampler, name, value));
}

void check_index(std::string_view sampler, std::string_view name, double value) {
  if (value >= 0.0 && std::isfinite(value)) return;
  throw ConfigError(
      fmt::format("sampler {}: {} is {}; it must be at least 0", sampler, name, value));
}

}  // namespace

Genome genome_of(const space::Space& space, const space::Configuration& configuration) {
  Genome genome(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (configuration.is_active(i)) genome[i] = space.encode(i, configuration[i]);
  }
  return genome;
}

Breeding::Breeding(const space::Space& space, const VariationOptions& options,
                   std::string_view sampler)
    : options_(options) {
  check_probability(sampler, "crossover_probability", options.crossover_probability);
  check_probability(sampler, "mutation_probability", options.mutation_probability.value_or(1.0));
  check_index(sampler, "crossover_index", options.crossover_index);
  check_index(sampler, "mutation_index", options.mutation_index);
  std::size_t num_free = 0;
  for (std::size_t i = 0; i < space.size(); ++i) {
    axes_.emplace_back(space, i);
    num_free += axes_.back().kind() == AxisKind::Fixed ? 0 : 1;
  }
  mutation_probability_ = options.mutation_probability.value_or(
      1.0 / static_cast<double>(std::max<std::size_t>(1, num_free)));
}

double Breeding::cross(std::size_t parameter, double first, double second, Rng& rng) const {
  if (rng.uniform() < 0.5) return first;
  const bool is_blended = options_.crossover == Crossover::SimulatedBinary &&
                          axes_[parameter].kind() != AxisKind::Unordered;
  return is_blended ? simulated_binary(first, second, options_.crossover_index, rng) : second;
}

double Breeding::mutate(const space::Space& space, std::size_t parameter, double coordinate,
                        Rng& rng) const {
  const Axis& axis = axes_[parameter];
  if (axis.kind() == AxisKind::Fixed) return coordinate;
  if (axis.kind() == AxisKind::Unordered) {
    const std::size_t count = axis.num_cells();
    const auto own = static_cast<std::size_t>(coordinate * static_cast<double>(count));
    const std::size_t other = rng.index(count - 1);
    const std::size_t chosen = other >= std::min(own, count - 1) ? other + 1 : other;
    return (static_cast<double>(chosen) + 0.5) / static_cast<double>(count);
  }
  const double step = polynomial_step(coordinate, options_.mutation_index, rng);
  const double moved = std::clamp(coordinate + step, 0.0, 1.0);
  if (axis.kind() != AxisKind::Cells) return moved;
  const space::Value before = space.decode(parameter, coordinate);
  if (space.decode(parameter, moved) != before) return moved;
  // As the step was too small to leave its value's part, the next value in its direction.
  const Place place = axis.place_at(coordinate);
  const bool is_up = place.cell == 0 || (step > 0.0 && place.cell + 1u < axis.num_cells());
  return axis.place_in(is_up ? place.cell + 1u : place.cell - 1u).coordinate;
}

std::vector<double> Breeding::draw(const space::Space& space, const Genome& first,
                                   const Genome& second, Rng& rng) const {
  const bool is_crossed = rng.uniform() < options_.crossover_probability;
  std::vector<double> point(axes_.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!first[i] && !second[i]) {
      point[i] = rng.uniform();
      continue;
    }
    const double own = first[i] ? *first[i] : *second[i];
    const double other = second[i] ? *second[i] : own;
    point[i] = is_crossed ? cross(i, own, other, rng) : own;
    if (rng.uniform() < mutation_probability_) point[i] = mutate(space, i, point[i], rng);
  }
  return point;
}

std::optional<space::Configuration> Breeding::child(const space::Space& space, const Genome& first,
                                                    const Genome& second, Rng& rng) const {
  constexpr int kMaxDraws = 50;
  std::optional<space::Configuration> copy;
  for (int draws = 0; draws < kMaxDraws; ++draws) {
    space::Configuration drawn = space.from_unit(draw(space, first, second, rng));
    if (space.is_forbidden(drawn)) continue;
    const Genome genome = genome_of(space, drawn);
    if (genome != first && genome != second) return drawn;
    copy = std::move(drawn);
  }
  return copy;
}

}  // namespace wattune::samplers
