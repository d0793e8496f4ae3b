#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace wattune::bench {

/// What the searches of one strategy came to, repeat by repeat. Losses: lower is better.
struct Scores {
  std::string strategy;
  std::vector<std::optional<double>> values;  ///< [num_repeats]; nothing where nothing was feasible
};

/// One row of a comparison.
struct ScoreSummary {
  std::string strategy;
  double median = 0.0;
  double low_quartile = 0.0;
  double high_quartile = 0.0;
  std::size_t num_missing = 0;   ///< Repeats without a value; they count as worst of all.
  double mean_rank = 0.0;        ///< Among the strategies, over repeats; 1 is best.
  double p_judged_better = 1.0;  ///< One-sided: the judged strategy is no better than this one.
  double p_judged_worse = 1.0;   ///< One-sided: the judged strategy is no worse than this one.
};

/// Compares strategies on the same repeats with the first of them, which is the one judged.
///
/// Takes    scores  the same number of repeats each; losses
[[nodiscard]] std::vector<ScoreSummary> compare(const std::vector<Scores>& scores);

/// Mean rank of each strategy over repeats.
[[nodiscard]] std::vector<double> mean_ranks(const std::vector<Scores>& scores);

}  // namespace wattune::bench
