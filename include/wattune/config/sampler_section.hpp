#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "wattune/samplers/sampler.hpp"
#include "wattune/trial/budget.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// What a sampler may know of its study beside its own options.
struct SamplerSurroundings {
  const trial::Problem& problem;
  trial::Budgets budgets = {};
  bool stops_early = false;  ///< Does the scheduler cut trials short?
};

/// A sampler with its options, as the study file chose it.
struct SamplerSection {
  std::string name;
  bool ends_by_itself = false;  ///< Whether it runs out of configurations.
  std::function<std::unique_ptr<samplers::Sampler>(const SamplerSurroundings&)> make;
};

/// The sampler of that name with all options as they are by default; a known name.
[[nodiscard]] SamplerSection sampler_of(std::string_view name);

}  // namespace wattune::config
