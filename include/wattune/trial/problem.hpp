#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/energy/footprint.hpp"
#include "wattune/space/space.hpp"

namespace wattune::trial {

enum class Direction : std::uint8_t { Minimize, Maximize };

enum class MeasureKind : std::uint8_t {
  Metric,           ///< Reported by the program under this name.
  Energy,           ///< Joules charged to the trial; with a phase, of that phase.
  Duration,         ///< Seconds the trial ran.
  Carbon,           ///< Grams, from the energy and the grid intensity.
  Cost,             ///< Money, from the energy and the price.
  SamplesPerJoule,  ///< Of a phase.
  JoulesPerSample,  ///< Of a phase.
};

/// Something that can be told of a trial: what objectives, constraints and columns are about.
struct Measure {
  MeasureKind kind = MeasureKind::Metric;
  std::string name;  ///< The metric's name; the phase's name, empty for the whole trial.

  bool operator==(const Measure&) const = default;
};

/// "val_accuracy", "energy", "energy.train", "duration", "carbon", "cost",
/// "samples_per_joule.inference", "joules_per_sample.train"; every other name is a metric.
[[nodiscard]] Measure measure_from_text(std::string_view text);
[[nodiscard]] std::string to_text(const Measure& measure);
/// "J", "s", "g", the currency, "1/J", "J/sample"; empty for a metric.
[[nodiscard]] std::string unit_of(const Measure& measure, std::string_view currency);

struct Objective {
  Measure measure;
  Direction direction = Direction::Maximize;
};

/// A bound that a feasible trial keeps; at least one side is set.
struct Constraint {
  Measure measure;
  std::optional<double> min;
  std::optional<double> max;
};

/// The objective's value with lower being better: a maximised one is negated.
[[nodiscard]] double as_loss(const Objective& objective, double value);
/// How far a value breaks the constraint; 0 where it keeps it.
[[nodiscard]] double excess(const Constraint& constraint, double value);

enum class ResourceUnit : std::uint8_t {
  Run,  ///< The program as a whole: it runs once, from 0 to 1.
  Epochs,
  Steps,
  Samples,
  Seconds,  ///< The trial's running time; see is_metered().
  Joules,   ///< The energy charged to the trial.
};
[[nodiscard]] std::string_view to_text(ResourceUnit unit);
/// Is it Wattune that tells how much a trial has used? Then the program counts its steps in
/// whatever it likes, and a report stands where the time or energy so far stands.
[[nodiscard]] constexpr bool is_metered(ResourceUnit unit) {
  return unit == ResourceUnit::Seconds || unit == ResourceUnit::Joules;
}

/// What a trial may use, and how much of it is a full training.
struct Resource {
  ResourceUnit unit = ResourceUnit::Run;
  double min = 1.0;  ///< The first rung.
  double max = 1.0;  ///< A full training.
};

/// What turns joules into grams and money.
using Tariff = energy::Tariff;

/// The currency of the price; empty where there is none.
[[nodiscard]] std::string currency_of(const Tariff& tariff);

/// What is to be solved: all that samplers, schedulers and readers need to know of a study.
struct Problem {
  std::string name;
  std::uint64_t seed = 0;
  space::Space space;
  std::vector<Objective> objectives;  ///< At least one; the first is the quality.
  std::vector<Constraint> constraints;
  Resource resource;
  Tariff tariff;
  std::string strategy;  ///< Its name in words, for readers.
  std::string command;   ///< What is run, for readers.
};

/// The problem as it is kept in the event log, and back.
[[nodiscard]] nlohmann::json to_json(const Problem& problem);
/// Errors   Invalid  not a problem of this version
[[nodiscard]] Result<Problem> problem_from_json(const nlohmann::json& document);

/// What keeps a study of `left` from being resumed as `right`: the first of space, objectives,
/// constraints, resource and seed that differs, in words; nothing where they are the same problem.
[[nodiscard]] std::optional<std::string> difference(const Problem& left, const Problem& right);

}  // namespace wattune::trial
