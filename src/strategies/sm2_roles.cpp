#include "sm2_roles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/random.hpp"
#include "wattune/base/result.hpp"

namespace wattune::strategies {
namespace {

constexpr std::uint64_t kBaseStream = 0x5332'0000'0000'0001;  // no trial has this number

std::vector<std::int64_t> powers_of_two(const space::IntDomain& domain) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = 1; size <= domain.high; size *= 2) {
    const bool is_on_grid = size >= domain.low && (size - domain.low) % domain.step == 0;
    if (is_on_grid) sizes.push_back(size);
    if (size > domain.high / 2) break;
  }
  if (!sizes.empty()) return sizes;
  const std::int64_t last = domain.high - (domain.high - domain.low) % domain.step;
  sizes.push_back(domain.low);
  if (last != domain.low) sizes.push_back(last);
  return sizes;
}

[[noreturn]] void refuse_batch_size(const space::Parameter& parameter) {
  throw ConfigError(fmt::format(
      "parameter `{}`: a batch size is an integer of 1 or more, or a choice of such; it is {}",
      parameter.name, space::allowed_text(parameter)));
}

}  // namespace

std::optional<space::Choice> to_choice(const space::Parameter& parameter,
                                       const space::Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return space::Choice{*real};
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return space::Choice{*integer};
  const auto* index = std::get_if<space::ChoiceIndex>(&value);
  if (index == nullptr) return std::nullopt;
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain)) {
    return choices->choices.at(index->index);
  }
  if (const auto* constant = std::get_if<space::ConstantDomain>(&parameter.domain)) {
    return constant->value;
  }
  return std::nullopt;
}

std::optional<double> number_of(const space::Choice& choice) {
  if (const auto* integer = std::get_if<std::int64_t>(&choice)) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&choice)) return *real;
  return std::nullopt;
}

std::optional<space::Configuration> with_changes(const space::Space& space,
                                                 const space::Configuration& base,
                                                 const Changes& changes) {
  auto changed = space.with(base, changes);
  if (!changed || space.is_forbidden(*changed)) return std::nullopt;
  return *std::move(changed);
}

std::optional<space::Configuration> base_configuration(const trial::Problem& problem) {
  if (auto defaults = problem.space.default_configuration()) return defaults;
  const std::vector<double> middle(problem.space.size(), 0.5);
  space::Configuration configuration = problem.space.from_unit(middle);
  if (!problem.space.is_forbidden(configuration)) return configuration;
  Rng rng{problem.seed, kBaseStream};
  auto drawn = problem.space.sample(rng);
  if (!drawn) return std::nullopt;
  return *std::move(drawn);
}

std::vector<std::int64_t> batch_sizes_of(const space::Parameter& parameter) {
  std::vector<std::int64_t> sizes;
  if (const auto* integer = std::get_if<space::IntDomain>(&parameter.domain)) {
    sizes = powers_of_two(*integer);
  } else if (const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain)) {
    for (const space::Choice& choice : choices->choices) {
      const auto* size = std::get_if<std::int64_t>(&choice);
      if (size == nullptr) refuse_batch_size(parameter);
      sizes.push_back(*size);
    }
  } else {
    const auto* constant = std::get_if<space::ConstantDomain>(&parameter.domain);
    const auto* size = constant == nullptr ? nullptr : std::get_if<std::int64_t>(&constant->value);
    if (size == nullptr) refuse_batch_size(parameter);
    sizes.push_back(*size);
  }
  std::ranges::sort(sizes);
  if (sizes.empty() || sizes.front() < 1) refuse_batch_size(parameter);
  return sizes;
}

std::optional<double> batch_size_in(const space::Space& space,
                                    const space::Configuration& configuration) {
  const auto index = space.index_of(space::Role::BatchSize);
  if (!index) return std::nullopt;
  const auto choice = to_choice(space.parameters()[*index], configuration[*index]);
  return choice ? number_of(*choice) : std::nullopt;
}

}  // namespace wattune::strategies
