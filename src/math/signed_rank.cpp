#include "wattune/math/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

constexpr std::size_t kMaxExact = 25;

/// Distribution of the rank sum under chance: how many of the 2^n choices of signs give twice the
/// sum i (ranks are multiples of a half).
std::vector<double> sign_counts(std::span<const double> ranks) {
  std::vector<double> counts{1.0};
  for (const double rank : ranks) {
    const auto twice = static_cast<std::size_t>(std::lround(2.0 * rank));
    std::vector<double> next(counts.size() + twice, 0.0);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      next[i] += counts[i];
      next[i + twice] += counts[i];
    }
    counts = std::move(next);
  }
  return counts;
}

struct Tails {
  double at_most = 1.0;
  double at_least = 1.0;
};

Tails exact_tails(std::span<const double> ranks, double rank_sum) {
  const std::vector<double> counts = sign_counts(ranks);
  const auto observed = static_cast<std::ptrdiff_t>(std::lround(2.0 * rank_sum));
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  return {std::accumulate(counts.begin(), counts.begin() + observed + 1, 0.0) / total,
          std::accumulate(counts.begin() + observed, counts.end(), 0.0) / total};
}

Tails normal_tails(std::span<const double> ranks, double rank_sum) {
  const double mean = std::accumulate(ranks.begin(), ranks.end(), 0.0) / 2.0;
  double variance = 0.0;  // with shared ranks in place it needs no further correction for ties
  for (const double rank : ranks) variance += rank * rank / 4.0;
  const auto below = [&](double value) {
    return 0.5 * std::erfc(-(value - mean) / std::sqrt(variance) / std::numbers::sqrt2);
  };
  return {below(rank_sum + 0.5), 1.0 - below(rank_sum - 0.5)};
}

}  // namespace

std::vector<double> fractional_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + 1 + end) / 2.0;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = shared;
    begin = end;
  }
  return ranks;
}

SignedRank signed_rank_test(std::span<const double> first, std::span<const double> second) {
  WATTUNE_REQUIRE(first.size() == second.size());
  std::vector<double> sizes;
  std::vector<bool> is_greater;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double difference = first[i] - second[i];
    if (difference == 0.0) continue;
    sizes.push_back(std::abs(difference));
    is_greater.push_back(difference > 0.0);
  }
  SignedRank result{.count = sizes.size()};
  if (sizes.empty()) return result;
  const std::vector<double> ranks = fractional_ranks(sizes);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (is_greater[i]) result.rank_sum += ranks[i];
  }
  const Tails tails = ranks.size() <= kMaxExact ? exact_tails(ranks, result.rank_sum)
                                                : normal_tails(ranks, result.rank_sum);
  result.p_first_less = tails.at_most;
  result.p_first_greater = tails.at_least;
  result.p_two_sided = std::min(1.0, 2.0 * std::min(tails.at_most, tails.at_least));
  return result;
}

}  // namespace wattune::math
