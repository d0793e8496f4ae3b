#include "wattune/math/rank_tests.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <numeric>

#include "wattune/base/require.hpp"
#include "wattune/math/signed_rank.hpp"

namespace wattune::math {
namespace {

/// Sum of t^3 - t over the groups of equal values.
double tie_sum(std::vector<double> values) {
  std::ranges::sort(values);
  double sum = 0.0;
  for (auto first = values.begin(); first != values.end();) {
    const auto last = std::upper_bound(first, values.end(), *first);
    const auto ties = static_cast<double>(last - first);
    sum += ties * ties * ties - ties;
    first = last;
  }
  return sum;
}

double sign(double value) {
  return value > 0.0 ? 1.0 : value < 0.0 ? -1.0 : 0.0;
}

}  // namespace

std::optional<KruskalWallis> kruskal_wallis(std::span<const std::vector<double>> groups) {
  std::vector<double> all;
  KruskalWallis test;
  for (const std::vector<double>& group : groups) {
    all.insert(all.end(), group.begin(), group.end());
    if (!group.empty()) ++test.num_groups;
  }
  if (test.num_groups < 2) return std::nullopt;
  test.count = all.size();
  const auto n = static_cast<double>(all.size());
  const double untied = 1.0 - tie_sum(all) / (n * n * n - n);
  if (!(untied > 0.0)) return std::nullopt;

  const std::vector<double> ranks = fractional_ranks(all);
  double sum = 0.0;
  auto rank = ranks.begin();
  for (const std::vector<double>& group : groups) {
    if (group.empty()) continue;
    const auto size = static_cast<std::ptrdiff_t>(group.size());
    const double distance =
        std::accumulate(rank, rank + size, 0.0) / static_cast<double>(size) - (n + 1.0) / 2.0;
    sum += static_cast<double>(size) * distance * distance;
    rank += size;
  }
  test.h = 12.0 / (n * (n + 1.0)) * sum / untied;
  const boost::math::chi_squared_distribution<double> distribution(
      static_cast<double>(test.num_groups - 1));
  test.p = boost::math::cdf(boost::math::complement(distribution, test.h));
  return test;
}

double eta_squared(double h, std::size_t num_groups, std::size_t count) {
  WATTUNE_REQUIRE(num_groups >= 1 && num_groups < count);
  const auto k = static_cast<double>(num_groups);
  return (h - k + 1.0) / (static_cast<double>(count) - k);
}

double cliffs_delta(std::span<const double> first, std::span<const double> second) {
  WATTUNE_REQUIRE(!first.empty() && !second.empty());
  double sum = 0.0;
  for (const double left : first) {
    for (const double right : second) sum += sign(left - right);
  }
  return sum / (static_cast<double>(first.size()) * static_cast<double>(second.size()));
}

std::vector<double> holm(std::span<const double> probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return probabilities[i]; });
  std::vector<double> corrected(probabilities.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto num_left = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, num_left * probabilities[order[i]]));
    corrected[order[i]] = largest;
  }
  return corrected;
}

std::optional<double> kendall_tau(std::span<const double> first, std::span<const double> second) {
  WATTUNE_REQUIRE(first.size() == second.size());
  double agreement = 0.0;
  double num_first = 0.0;
  double num_second = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double left = sign(first[i] - first[j]);
      const double right = sign(second[i] - second[j]);
      agreement += left * right;
      num_first += left * left;
      num_second += right * right;
    }
  }
  if (num_first == 0.0 || num_second == 0.0) return std::nullopt;
  return agreement / std::sqrt(num_first * num_second);
}

}  // namespace wattune::math
