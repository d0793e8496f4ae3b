#include "wattune/math/ped_anova.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::math {
namespace {

constexpr std::size_t kNumCells = 50;
using Density = std::vector<double>;  // probability of each cell or choice; adds up to 1

double normal_cumulative(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

std::vector<double> column(const RegressionData& data, std::size_t feature,
                           std::span<const std::size_t> rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::size_t row : rows) values.push_back(data.input(row, feature));
  return values;
}

/// Scott's rule, at least half a cell: what is narrower cannot be told on the cells.
double bandwidth_of(std::span<const double> values) {
  constexpr double kLeast = 0.5 / static_cast<double>(kNumCells);
  if (values.size() < 2) return 0.5;
  const double deviation = std::sqrt(variance(values));
  return std::max(kLeast, 1.059 * deviation * std::pow(static_cast<double>(values.size()), -0.2));
}

/// Gaussian kernels cut off at 0 and 1, and the uniform density as one more kernel.
Density number_density(std::span<const double> values) {
  const double bandwidth = bandwidth_of(values);
  const auto num_cells = static_cast<double>(kNumCells);
  Density density(kNumCells, 1.0 / num_cells);
  // Kernels stand at the middle of their bin: so the cost does not grow with the rows.
  constexpr std::size_t kNumBins = 8 * kNumCells;
  std::array<double, kNumBins> counts{};
  for (const double value : values) {
    const auto bin = static_cast<std::size_t>(value * static_cast<double>(kNumBins));
    counts[std::min(bin, kNumBins - 1)] += 1.0;
  }
  std::array<double, kNumCells + 1> below{};
  for (std::size_t bin = 0; bin < kNumBins; ++bin) {
    if (counts[bin] == 0.0) continue;
    const double value = (static_cast<double>(bin) + 0.5) / static_cast<double>(kNumBins);
    for (std::size_t edge = 0; edge <= kNumCells; ++edge) {
      below[edge] = normal_cumulative((static_cast<double>(edge) / num_cells - value) / bandwidth);
    }
    const double inside = below.back() - below.front();
    for (std::size_t cell = 0; cell < kNumCells; ++cell) {
      density[cell] += counts[bin] * (below[cell + 1] - below[cell]) / inside;
    }
  }
  for (double& probability : density) probability /= static_cast<double>(values.size() + 1);
  return density;
}

/// Frequencies, with one more row that is spread over all choices.
Density choice_density(std::span<const double> values, std::size_t num_choices) {
  Density density(num_choices, 1.0 / static_cast<double>(num_choices));
  for (const double value : values) density[static_cast<std::size_t>(value)] += 1.0;
  for (double& probability : density) probability /= static_cast<double>(values.size() + 1);
  return density;
}

Density density_of(const RegressionData& data, std::size_t feature,
                   std::span<const std::size_t> rows) {
  const std::vector<double> values = column(data, feature, rows);
  const std::size_t num_choices = data.features[feature].num_choices;
  return num_choices == 0 ? number_density(values) : choice_density(values, num_choices);
}

double pearson_divergence(const Density& good, const Density& all) {
  double sum = 0.0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    sum += all[i] * std::pow(good[i] / all[i] - 1.0, 2);
  }
  return sum;
}

std::optional<std::vector<double>> shares_of(std::vector<double> divergences) {
  const double sum = std::reduce(divergences.begin(), divergences.end(), 0.0);
  if (!(sum > 0.0)) return std::nullopt;
  for (double& divergence : divergences) divergence /= sum;
  return divergences;
}

std::vector<std::size_t> resampled(std::span<const std::size_t> rows, Rng& rng) {
  std::vector<std::size_t> drawn;
  for (std::size_t i = 0; i < rows.size(); ++i) drawn.push_back(rows[rng.index(rows.size())]);
  return drawn;
}

}  // namespace

std::vector<double> pearson_divergences(const RegressionData& data,
                                        std::span<const std::size_t> all,
                                        std::span<const std::size_t> good) {
  WATTUNE_REQUIRE(!all.empty() && !good.empty());
  std::vector<double> divergences;
  for (std::size_t i = 0; i < data.features.size(); ++i) {
    divergences.push_back(pearson_divergence(density_of(data, i, good), density_of(data, i, all)));
  }
  return divergences;
}

std::optional<std::vector<ShareSpread>> ped_anova(const RegressionData& data,
                                                  const PedAnovaOptions& options,
                                                  std::uint64_t seed) {
  WATTUNE_REQUIRE(options.num_good > 0 && options.num_good < data.num_rows());
  std::vector<std::size_t> rows(data.num_rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::stable_sort(rows, {}, [&](std::size_t row) { return data.targets[row]; });
  const auto good = std::span<const std::size_t>{rows}.first(options.num_good);
  const auto others = std::span<const std::size_t>{rows}.subspan(options.num_good);
  const auto shares = shares_of(pearson_divergences(data, rows, good));
  if (!shares) return std::nullopt;

  std::vector<std::vector<double>> drawn(shares->size());
  Rng rng{seed};
  for (std::size_t i = 0; i < options.num_resamples; ++i) {
    const std::vector<std::size_t> some_good = resampled(good, rng);
    std::vector<std::size_t> some = resampled(others, rng);
    some.insert(some.end(), some_good.begin(), some_good.end());
    const auto again = shares_of(pearson_divergences(data, some, some_good));
    if (!again) continue;
    for (std::size_t f = 0; f < drawn.size(); ++f) drawn[f].push_back((*again)[f]);
  }
  std::vector<ShareSpread> result;
  for (std::size_t f = 0; f < shares->size(); ++f) {
    const double share = (*shares)[f];
    const ShareSpread spread =
        drawn[f].empty() ? ShareSpread{share, share, share} : spread_of(drawn[f]);
    // The interval of few rows, drawn anew, may lie beside the share itself.
    result.push_back({share, std::min(share, spread.low), std::max(share, spread.high)});
  }
  return result;
}

}  // namespace wattune::math
