#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wattune/space/configuration.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::samplers {

/// What one study offers another one to begin with.
struct WarmStart {
  std::vector<space::Configuration> configurations;  ///< Inside the new space; the best first.
  std::size_t num_usable = 0;   ///< Trials of the other study with all of the new objectives.
  std::size_t num_dropped = 0;  ///< Of them, those with a value the new space cannot take.
  std::size_t num_clipped = 0;  ///< Values, of the chosen, that were moved into their domain.
  std::size_t num_filled = 0;   ///< Values, of the chosen, that the other study did not have.
};

/// Chooses the best configurations of another study for a new one.
///
/// Parameters are matched by name. A number outside its new domain is moved to the nearest value
/// there; a choice that is not there, and a combination that is forbidden, drop their trial. A
/// parameter that the other study lacks takes its default, else the middle of its domain; a
/// constant stays what it is.
///
/// Trials are compared by the new study's objectives and constraints: those that keep the
/// constraints first, complete ones before others; then fronts, and of a front what adds most
/// hypervolume. One that is close to a chosen one in every parameter waits until all others have
/// been.
[[nodiscard]] WarmStart warm_start_configurations(const trial::History& other,
                                                  const trial::Problem& problem, std::size_t count);

/// "4 of 87 trials taken; 3 left out; 1 value moved into its domain, 4 filled in".
[[nodiscard]] std::string to_text(const WarmStart& start);

}  // namespace wattune::samplers
