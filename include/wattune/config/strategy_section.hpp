#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "wattune/config/sampler_section.hpp"
#include "wattune/config/scheduler_section.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::config {

/// What a study file says about its strategy, as plain data; `assemble.hpp` makes objects of it.

/// A sampler proposes, a scheduler decides who goes on.
struct ComposedSection {
  SamplerSection sampler = sampler_of("auto");
  SchedulerSection scheduler = scheduler_of("full");
};

struct Sm2Section {
  SamplerSection sampler =
      sampler_of("sobol");         ///< Of what is neither batch size nor learning rate.
  strategies::Sm2Options options;  ///< The weights add up to 1.
};

/// The freeze-thaw race.
struct RaceSection {
  bool operator==(const RaceSection&) const = default;
};

/// The race where trials can pause, else full trainings of what `sampler: auto` proposes.
struct AutoSection {
  bool operator==(const AutoSection&) const = default;
};

using StrategyOptions = std::variant<AutoSection, ComposedSection, RaceSection, Sm2Section>;

/// "auto", "race", "sm2", or sampler and scheduler: "tpe + halving".
[[nodiscard]] std::string name_of(const StrategyOptions& strategy);

/// Whether the strategy compares trials on the way to a full training.
[[nodiscard]] bool needs_rungs(const StrategyOptions& strategy);
/// Whether the strategy stops trials between two rungs and continues some of them later.
[[nodiscard]] bool needs_pause(const StrategyOptions& strategy);
/// Whether the strategy comes to an end without a budget.
[[nodiscard]] bool ends_by_itself(const StrategyOptions& strategy);

}  // namespace wattune::config
