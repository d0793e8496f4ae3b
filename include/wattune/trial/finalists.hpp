#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::trial {

/// A configuration that was measured again, and its trainings that count.
struct Finalist {
  TrialId of;                              ///< The trial of the search.
  std::map<std::uint16_t, TrialId> again;  ///< By the number of the repeat.
};

/// Is this a training of a finalist that tells what the configuration costs: complete, in one
/// piece, and alone on the machine?
[[nodiscard]] bool counts_as_measured_again(const Trial& trial);

/// Every finalist of a study, in the order in which they were begun. Of several trainings of the
/// same number the first that counts is kept.
///
/// Cost     O(number of trials)
[[nodiscard]] std::vector<Finalist> finalists_of(const History& history);

}  // namespace wattune::trial
