#include "every_configuration.hpp"

#include <algorithm>

namespace wattune::samplers {
namespace {

/// The k-th value of a parameter that has countably many.
space::Value value_at(const space::Domain& domain, std::size_t k) {
  const auto count = static_cast<std::int64_t>(k);
  if (const auto* floats = std::get_if<space::FloatDomain>(&domain)) {
    return floats->low + static_cast<double>(count) * floats->step.value_or(0.0);
  }
  if (const auto* integers = std::get_if<space::IntDomain>(&domain)) {
    return integers->low + count * integers->step;
  }
  return space::ChoiceIndex{static_cast<std::uint32_t>(k)};
}

}  // namespace

std::optional<std::vector<double>> coordinates_of_values(const space::Space& space,
                                                         std::size_t parameter_index,
                                                         std::size_t max) {
  const std::optional<std::size_t> count = space.num_values(parameter_index);
  if (!count || *count > max) return std::nullopt;
  std::vector<double> coordinates;
  for (std::size_t k = 0; k < *count; ++k) {
    coordinates.push_back(
        space.encode(parameter_index, value_at(space.parameters()[parameter_index].domain, k)));
  }
  return coordinates;
}

std::optional<std::vector<space::Configuration>> every_configuration(const space::Space& space,
                                                                     std::size_t max) {
  std::vector<std::vector<double>> coordinates;
  std::size_t num_combinations = 1;
  for (std::size_t i = 0; i < space.size(); ++i) {
    auto values = coordinates_of_values(space, i, max);
    if (!values || values->size() > max / num_combinations) return std::nullopt;
    num_combinations *= values->size();
    coordinates.push_back(std::move(*values));
  }
  std::vector<space::Configuration> configurations;
  std::vector<double> point(space.size());
  for (std::size_t n = 0; n < num_combinations; ++n) {
    std::size_t rest = n;
    for (std::size_t i = 0; i < space.size(); ++i) {
      point[i] = coordinates[i][rest % coordinates[i].size()];
      rest /= coordinates[i].size();
    }
    space::Configuration configuration = space.from_unit(point);
    if (!space.is_forbidden(configuration)) configurations.push_back(std::move(configuration));
  }
  std::ranges::sort(configurations);
  configurations.erase(std::ranges::unique(configurations).begin(), configurations.end());
  return configurations;
}

}  // namespace wattune::samplers
