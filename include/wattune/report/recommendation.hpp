#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/ids.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// Trials that may be recommended: of the search, not failed, every objective known, feasible.
///
/// A trial that was paused counts with what it had reached: its checkpoint is a model one can use,
/// for the joules spent so far.
[[nodiscard]] std::vector<TrialId> eligible_trials(const trial::History& history);

/// The eligible trials that no other one beats, in the order of the first objective, best first.
[[nodiscard]] std::vector<TrialId> front(const trial::History& history);

enum class RecommendationKind : std::uint8_t { CheapestWithinTolerance, BestQuality, Knee };
[[nodiscard]] std::string_view to_text(RecommendationKind kind);

struct Recommendation {
  RecommendationKind kind = RecommendationKind::BestQuality;
  TrialId trial;                   ///< Of the search, also where it was measured again.
  std::string why;                 ///< One line for the screen.
  bool is_measured_again = false;  ///< It rests on finalists, not on the search's own figures.
};

/// What to take, the recommendation first; empty while no trial is eligible.
///
/// Quality is the first objective; cost is the second one, or the energy where there is no second.
/// Where finalists were measured again, the first two come from the means of their trainings, and
/// nothing that was not measured again is recommended for them.
///
/// Takes    tolerance  >= 0, in the unit of the first objective
[[nodiscard]] std::vector<Recommendation> recommend(const trial::History& history,
                                                    double tolerance);

}  // namespace wattune::report
