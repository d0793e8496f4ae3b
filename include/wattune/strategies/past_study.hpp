#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/space/space.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What is remembered of a study: its configurations in the order of their quality. No figure, no
/// name, no command and no time goes with it, and of the space only what is tuned.
struct PastStudy {
  struct Ranked {
    space::Configuration configuration;
    double rank = 0.0;  ///< 0 for the best to 1 for the worst.
  };

  space::Space space;     ///< Without constants, defaults, roles and what is forbidden.
  std::string objective;  ///< The first: the quality.
  trial::Direction direction = trial::Direction::Maximize;
  std::vector<Ranked> trials;  ///< The best first.
};

/// Ranks the trials of a study by its first objective as of each one's last report: feasible ones
/// first, failed ones last; equal ones share the mean of their ranks.
///
/// Nothing where fewer than five trials can be ranked: that is no experience. Of more than 200 the
/// best 50 are kept and the others evenly thinned.
[[nodiscard]] std::optional<PastStudy> past_study_of(const trial::History& history);

[[nodiscard]] nlohmann::ordered_json to_json(const PastStudy& study);
/// Errors   Invalid  no past study of this version
[[nodiscard]] Result<PastStudy> past_study_from_json(const nlohmann::json& document);

/// Do the study's ranks say something about the problem?
///
/// The first objectives are the same. Of the tuned parameters, matched by name, kind, scale and,
/// for choices, values in common, those of one study are all among those of the other, and at least
/// half of the larger set is shared. Bounds may differ: ranges are widened where a winner sits on
/// their edge.
[[nodiscard]] bool fits(const PastStudy& study, const trial::Problem& problem);

/// Configurations that did well in past studies and complement each other; see greedy_portfolio.
///
/// Studies that do not fit are passed over, and so is a trial with a value that the new space does
/// not have. A parameter that a past study lacks takes its default, else its middle.
///
/// Gives    at most `count` configurations of the problem's space, none forbidden
[[nodiscard]] std::vector<space::Configuration> learned_start(std::span<const PastStudy> studies,
                                                              const trial::Problem& problem,
                                                              std::size_t count = 5);

}  // namespace wattune::strategies
