#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/math/intervals.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// One measure over the trainings of one finalist.
struct MeasuredAgain {
  trial::Measure measure;
  math::MeanInterval figure;
};

/// A configuration that was trained again alone, and what came out.
struct FinalistFigures {
  TrialId of;                           ///< The trial of the search.
  std::vector<TrialId> trials;          ///< Those that count, in the order of their seeds.
  std::vector<MeasuredAgain> measures;  ///< Known ones: the objectives, then the energy.

  [[nodiscard]] const math::MeanInterval* find(const trial::Measure& measure) const;
};

/// By how much one finalist differs from another in one measure, pair by pair of the same seed.
struct PairedDifference {
  TrialId trial;      ///< Its trial of the search.
  TrialId reference;  ///< The other one's.
  trial::Measure measure;
  math::MeanInterval difference;  ///< `trial` less `reference`.
};

/// Every finalist of which a training counts, in the order in which they were begun.
[[nodiscard]] std::vector<FinalistFigures> finalist_figures(const trial::History& history);

/// All finalists against one, in every measure; those without a common seed are left out.
[[nodiscard]] std::vector<PairedDifference> paired_differences(
    const trial::History& history, const std::vector<FinalistFigures>& finalists,
    TrialId reference);

/// "0.8712 ± 0.0040", "41.2 J ± 1.0 J"; without an interval the mean alone.
[[nodiscard]] std::string to_text(const trial::Measure& measure, const math::MeanInterval& figure,
                                  const trial::Tariff& tariff);

}  // namespace wattune::report
