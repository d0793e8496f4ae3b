#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// Values by parameter name, as a space takes them.
using Changes = std::vector<std::pair<std::string, space::Choice>>;

/// A value of one parameter as it would be written; nothing for an inactive one.
[[nodiscard]] std::optional<space::Choice> to_choice(const space::Parameter& parameter,
                                                     const space::Value& value);

/// The number a choice is, where it is one.
[[nodiscard]] std::optional<double> number_of(const space::Choice& choice);

/// The base configuration with these values, where the space allows it.
[[nodiscard]] std::optional<space::Configuration> with_changes(const space::Space& space,
                                                               const space::Configuration& base,
                                                               const Changes& changes);

/// The configuration that the probe varies: all defaults, else the middle of the space, else a
/// seeded draw.
[[nodiscard]] std::optional<space::Configuration> base_configuration(const trial::Problem& problem);

/// Batch sizes of a parameter: powers of two of an integer's range, every integer of a choice;
/// ascending. Where an integer's range has no power of two, its two ends.
///
/// Errors   ConfigError  neither an integer nor a choice of integers
[[nodiscard]] std::vector<std::int64_t> batch_sizes_of(const space::Parameter& parameter);

/// The batch size of a configuration; nothing where the space has no such role or it is inactive.
[[nodiscard]] std::optional<double> batch_size_in(const space::Space& space,
                                                  const space::Configuration& configuration);

}  // namespace wattune::strategies
