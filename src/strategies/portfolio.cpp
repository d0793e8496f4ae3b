#include "wattune/strategies/portfolio.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "wattune/base/require.hpp"

namespace wattune::strategies {
namespace {

double squared_distance(const std::vector<double>& left, const std::vector<double>& right,
                        const std::vector<bool>& is_unordered) {
  double sum = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const bool is_choice = i < is_unordered.size() && is_unordered[i];
    const double apart = is_choice ? (left[i] == right[i] ? 0.0 : 1.0) : left[i] - right[i];
    sum += apart * apart;
  }
  return sum;
}

/// The rank that a point would have had in a study. Weights are taken relative to the nearest
/// trial's, so that none is lost to rounding where every trial is far away.
double guessed_rank(const std::vector<double>& point, const RankedPoints& study,
                    const PortfolioOptions& options) {
  std::vector<double> distances;
  distances.reserve(study.points.size());
  for (const std::vector<double>& other : study.points) {
    distances.push_back(squared_distance(point, other, options.is_unordered));
  }
  const double nearest = *std::ranges::min_element(distances);
  const double scale = 2.0 * options.width * options.width;
  double sum = 0.0;
  double weights = 0.0;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const double weight = std::exp((nearest - distances[i]) / scale);
    sum += weight * study.ranks[i];
    weights += weight;
  }
  return sum / weights;
}

std::vector<std::vector<double>> candidates_of(std::span<const RankedPoints> studies,
                                               std::size_t per_study) {
  std::vector<std::vector<double>> candidates;
  for (const RankedPoints& study : studies) {
    std::vector<std::size_t> order(study.points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return study.ranks[i]; });
    std::size_t num_taken = 0;
    for (const std::size_t i : order) {
      if (num_taken == per_study) break;
      ++num_taken;
      const bool is_new = std::ranges::find(candidates, study.points[i]) == candidates.end();
      if (is_new) candidates.push_back(study.points[i]);
    }
  }
  return candidates;
}

}  // namespace

std::vector<std::vector<double>> greedy_portfolio(std::span<const RankedPoints> studies,
                                                  const PortfolioOptions& options) {
  WATTUNE_REQUIRE(options.width > 0.0);
  std::vector<RankedPoints> known;
  for (const RankedPoints& study : studies) {
    WATTUNE_REQUIRE(study.points.size() == study.ranks.size());
    if (!study.points.empty()) known.push_back(study);
  }
  std::vector<std::vector<double>> candidates = candidates_of(known, options.candidates_per_study);
  std::vector<std::vector<double>> guessed;  // [candidates x studies]
  for (const std::vector<double>& candidate : candidates) {
    std::vector<double>& row = guessed.emplace_back();
    for (const RankedPoints& study : known) row.push_back(guessed_rank(candidate, study, options));
  }

  constexpr double kLeastGain = 1e-9;  // of the mean rank; less is rounding
  std::vector<double> best(known.size(), 1.0 + kLeastGain);
  std::vector<std::vector<double>> chosen;
  while (chosen.size() < options.count && !candidates.empty()) {
    std::size_t most_useful = 0;
    double most = 0.0;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      double gain = 0.0;
      for (std::size_t s = 0; s < best.size(); ++s) {
        gain += std::max(0.0, best[s] - guessed[c][s]);
      }
      if (gain > most) {
        most = gain;
        most_useful = c;
      }
    }
    if (most <= kLeastGain * static_cast<double>(known.size()) && !chosen.empty()) break;
    chosen.push_back(candidates[most_useful]);
    for (std::size_t s = 0; s < best.size(); ++s) {
      best[s] = std::min(best[s], guessed[most_useful][s]);
    }
    const auto at = static_cast<std::ptrdiff_t>(most_useful);
    candidates.erase(candidates.begin() + at);
    guessed.erase(guessed.begin() + at);
  }
  return chosen;
}

}  // namespace wattune::strategies
