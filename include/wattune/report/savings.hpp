#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wattune/base/energy_figure.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/report/recommendation.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// What one training of the recommended configuration saves against one of another.
struct Saving {
  std::string against;  ///< "best_quality" or "default".
  TrialId trial;
  std::optional<std::string>
      why_not;                ///< Set where the two cannot be compared; then the rest is empty.
  EnergyFigure energy;        ///< Saved per training; negative if the recommended one costs more.
  bool is_projected = false;  ///< The other training was not run to its end.
  double percent = 0.0;       ///< Of the other training.
  std::optional<double> pays_after_trainings;   ///< Search energy / saving, where it saves.
  std::optional<double> pays_after_inferences;  ///< Samples, where both were metered and it saves.
};

/// Compares the recommended trial with the best one and with the default configuration.
///
/// Two trainings are compared only where the recommended one is at most `tolerance` worse in the
/// first objective: at the end against a completed training; at the same step against one that was
/// paused, whose full energy is then a projection (joules per step x full training) and is marked
/// so; the recommended one counts with a full training as well then.
[[nodiscard]] std::vector<Saving> savings(const trial::History& history,
                                          const std::vector<Recommendation>& recommendations,
                                          double tolerance);

/// The ledger in one paragraph: what the search cost, what the recommendation saves, and after how
/// many uses the search has paid for itself.
[[nodiscard]] std::string ledger_sentence(const trial::History& history,
                                          const std::vector<Recommendation>& recommendations,
                                          const std::vector<Saving>& savings);

}  // namespace wattune::report
