#include "search/comparison.hpp"

#include <limits>

#include "wattune/base/require.hpp"
#include "wattune/math/signed_rank.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

/// Missing values become worse than every value there is, by a finite step.
std::vector<std::vector<double>> filled(const std::vector<Scores>& scores) {
  double worst = std::numeric_limits<double>::lowest();
  for (const Scores& row : scores) {
    for (const auto& value : row.values) worst = std::max(worst, value.value_or(worst));
  }
  std::vector<std::vector<double>> rows;
  for (const Scores& row : scores) {
    WATTUNE_REQUIRE(row.values.size() == scores.front().values.size());
    auto& values = rows.emplace_back();
    for (const auto& value : row.values) values.push_back(value.value_or(worst + 1.0));
  }
  return rows;
}

std::vector<double> mean_ranks_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> means(rows.size(), 0.0);
  const std::size_t num_repeats = rows.front().size();
  for (std::size_t repeat = 0; repeat < num_repeats; ++repeat) {
    std::vector<double> column;
    for (const auto& row : rows) column.push_back(row[repeat]);
    const auto ranks = math::fractional_ranks(column);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      means[i] += ranks[i] / static_cast<double>(num_repeats);
    }
  }
  return means;
}

}  // namespace

std::vector<double> mean_ranks(const std::vector<Scores>& scores) {
  return mean_ranks_of(filled(scores));
}

std::vector<ScoreSummary> compare(const std::vector<Scores>& scores) {
  const auto rows = filled(scores);
  const auto ranks = mean_ranks_of(rows);
  std::vector<ScoreSummary> summaries;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto test = math::signed_rank_test(rows.front(), rows[i]);
    ScoreSummary summary{.strategy = scores[i].strategy,
                         .median = math::quantile(rows[i], 0.5),
                         .low_quartile = math::quantile(rows[i], 0.25),
                         .high_quartile = math::quantile(rows[i], 0.75),
                         .mean_rank = ranks[i],
                         .p_judged_better = test.p_first_less,
                         .p_judged_worse = test.p_first_greater};
    for (const auto& value : scores[i].values) summary.num_missing += value ? 0 : 1;
    summaries.push_back(summary);
  }
  return summaries;
}

}  // namespace wattune::bench
