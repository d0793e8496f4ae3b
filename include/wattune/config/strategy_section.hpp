#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "wattune/config/sampler_section.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::config {

/// What a study file says about its strategy, as plain data; `assemble.hpp` makes objects of it.

struct FullSection {
  bool operator==(const FullSection&) const = default;
};

struct HalvingSection {
  std::int64_t reduction_factor = 2;
  std::int64_t initial_trials = 16;
  bool operator==(const HalvingSection&) const = default;
};

using SchedulerSection = std::variant<FullSection, HalvingSection>;

/// A sampler proposes, a scheduler decides who goes on.
struct ComposedSection {
  SamplerSection sampler = sampler_of("auto");
  SchedulerSection scheduler = FullSection{};
};

struct Sm2Section {
  SamplerSection sampler =
      sampler_of("sobol");         ///< Of what is neither batch size nor learning rate.
  strategies::Sm2Options options;  ///< The weights add up to 1.
};

using StrategyOptions = std::variant<ComposedSection, Sm2Section>;

/// "full", "halving".
[[nodiscard]] std::string name_of(const SchedulerSection& scheduler);
/// "sm2", or sampler and scheduler: "tpe + halving".
[[nodiscard]] std::string name_of(const StrategyOptions& strategy);

/// Whether the strategy stops trials between two rungs and continues some of them later.
[[nodiscard]] bool needs_pause(const StrategyOptions& strategy);
/// Whether the strategy comes to an end without a budget.
[[nodiscard]] bool ends_by_itself(const StrategyOptions& strategy);

}  // namespace wattune::config
