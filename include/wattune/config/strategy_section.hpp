#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "wattune/config/sampler_section.hpp"
#include "wattune/config/scheduler_section.hpp"

namespace wattune::config {

/// What a study file says about its strategy, as plain data; `assemble.hpp` makes objects of it.

/// A sampler proposes, a scheduler decides who goes on.
struct ComposedSection {
  SamplerSection sampler = sampler_of("auto");
  SchedulerSection scheduler = scheduler_of("full");
};

/// Which energy of a rung SM2 compares.
enum class EnergyMode : std::uint8_t {
  Rung,        ///< Of the rung alone.
  Cumulative,  ///< Of the trial since its beginning.
};

/// The weights are at least 0 and add up to 1.
struct Sm2Section {
  SamplerSection sampler =
      sampler_of("sobol");  ///< Of what is neither batch size nor learning rate.
  double performance_weight = 0.6;
  double energy_weight = 0.3;
  double stability_weight = 0.1;
  double window_tolerance = 0.10;
  std::int64_t learning_rates = 8;
  std::int64_t max_candidates = 16;
  double probe_seconds = 5.0;
  std::int64_t probe_steps = 50;
  std::int64_t warmup_steps = 20;
  double idle_seconds = 10.0;
  double min_rung_seconds = 5.0;
  double first_rung_fraction = 0.05;              ///< Of an epoch, where its length is known.
  std::optional<std::int64_t> samples_per_epoch;  ///< Tells it where the resource is not epochs.
  std::int64_t reports_per_rung = 2;
  EnergyMode energy_mode = EnergyMode::Rung;
  double noise_floor = 0.02;
  double divergence_factor = 4.0;  ///< Of the smoothed training loss over its start.
  std::string training_loss = "train_loss";
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
