#include "axis.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wattune::samplers {
namespace {

constexpr std::size_t kMaxCells = 128;
/// Of a cell: far out, the difference of two tails is 0.
constexpr double kLeastMass = 1e-30;

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// Where values of a log integer end, in the unit interval: half way to the next, see Space.
std::vector<double> log_integer_edges(const space::IntDomain& domain, std::size_t num_values) {
  const double first = std::log(static_cast<double>(domain.low) - 0.5);
  const double last = std::log(static_cast<double>(domain.high) + 0.5);
  std::vector<double> edges;
  for (std::size_t i = 0; i <= num_values; ++i) {
    const double edge = std::log(static_cast<double>(domain.low) - 0.5 + static_cast<double>(i));
    edges.push_back((edge - first) / (last - first));
  }
  return edges;
}

std::vector<double> cell_edges(const space::Domain& domain, std::size_t num_values) {
  const auto* integers = std::get_if<space::IntDomain>(&domain);
  if (integers != nullptr && integers->log) return log_integer_edges(*integers, num_values);
  std::vector<double> edges;
  for (std::size_t i = 0; i <= num_values; ++i) {
    edges.push_back(static_cast<double>(i) / static_cast<double>(num_values));
  }
  return edges;
}

}  // namespace

Axis::Axis(const space::Space& space, std::size_t parameter_index)
    : parameter_index_(parameter_index) {
  const space::Parameter& parameter = space.parameters()[parameter_index];
  is_conditional_ = !parameter.when.empty();
  const std::optional<std::size_t> num_values = space.num_values(parameter_index);
  const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain);
  if (num_values == 1) {
    kind_ = AxisKind::Fixed;
  } else if (choices != nullptr && !choices->ordered) {
    kind_ = AxisKind::Unordered;
    edges_ = cell_edges(parameter.domain, *num_values);
  } else if (num_values && *num_values <= kMaxCells) {
    kind_ = AxisKind::Cells;
    edges_ = cell_edges(parameter.domain, *num_values);
  }
}

Place Axis::place_of(const space::Space& space, const space::Configuration& configuration) const {
  if (!configuration.is_active(parameter_index_)) return {};
  return place_at(space.encode(parameter_index_, configuration[parameter_index_]));
}

Place Axis::place_at(double coordinate) const {
  Place place;
  place.is_active = true;
  place.coordinate = static_cast<float>(coordinate);
  if (edges_.empty()) return place;
  const auto edge = std::upper_bound(edges_.begin() + 1, edges_.end() - 1, coordinate);
  return place_in(static_cast<std::size_t>(edge - edges_.begin() - 1));
}

Place Axis::place_in(std::size_t cell) const {
  return {true, static_cast<std::uint16_t>(cell),
          static_cast<float>(0.5 * (edges_[cell] + edges_[cell + 1]))};
}

double Axis::uniform(const Place& at) const {
  return edges_.empty() ? 1.0 : edges_[at.cell + 1u] - edges_[at.cell];
}

std::vector<double> Axis::cell_masses(const Place& centre, double bandwidth) const {
  std::vector<double> masses(num_cells(), bandwidth);
  if (kind_ == AxisKind::Unordered) {
    masses[centre.cell] = 1.0;
    const double sum = 1.0 + bandwidth * static_cast<double>(num_cells() - 1);
    for (double& mass : masses) mass /= sum;
    return masses;
  }
  const auto below = [&](double edge) {
    return normal_cdf((edge - centre.coordinate) / bandwidth);
  };
  const double below_0 = below(0.0);
  const double inside = below(1.0) - below_0;
  double last = below_0;
  for (std::size_t cell = 0; cell < masses.size(); ++cell) {
    const double next = below(edges_[cell + 1]);
    masses[cell] = std::max(kLeastMass, (next - last) / inside);
    last = next;
  }
  return masses;
}

std::vector<double> Axis::uniform_masses() const {
  std::vector<double> masses;
  for (std::size_t cell = 0; cell < num_cells(); ++cell) {
    masses.push_back(edges_[cell + 1] - edges_[cell]);
  }
  return masses;
}

double Axis::draw_choice(const Place& centre, double bandwidth, Rng& rng) const {
  const double own = 1.0 / (1.0 + bandwidth * static_cast<double>(num_cells() - 1));
  if (rng.uniform() < own) return centre.coordinate;
  std::size_t other = rng.index(num_cells() - 1);
  if (other >= centre.cell) ++other;
  return 0.5 * (edges_[other] + edges_[other + 1]);
}

}  // namespace wattune::samplers
