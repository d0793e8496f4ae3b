#include "wattune/strategies/sm2_score.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "wattune/base/random.hpp"

namespace wattune::strategies {
namespace {

constexpr double kNoiseFloor = 0.02;
constexpr double kRounding = 1e-12;  // a few operations on numbers near 1

Sm2Entry entry(std::uint32_t number, double loss, std::optional<double> joules,
               std::optional<double> stability, std::optional<double> violation = 0.0) {
  return {{TrialId{number}, {loss}, violation}, joules, stability};
}

std::vector<std::uint32_t> numbers(const std::vector<TrialId>& trials) {
  std::vector<std::uint32_t> result;
  for (const TrialId id : trials) result.push_back(id.number());
  return result;
}

TEST(Sm2Score, AddsTheThreeTermsWithTheirWeights) {
  const std::vector<Sm2Entry> entries{entry(0, 0.2, 10.0, 1.0), entry(1, 0.4, 5.0, 0.5),
                                      entry(2, 0.3, 7.5, 0.0)};

  const auto scores = score(entries, {0.6, 0.3, 0.1}, kNoiseFloor);

  // Trial 0 is the best and the dearest: 0.6 * 1 + 0.3 * (1 - 1) + 0.1 * 1.
  EXPECT_NEAR(scores[0].score, 0.7, kRounding);
  // Trial 1 is the worst and the cheapest: 0.6 * 0 + 0.3 * (1 - 0) + 0.1 * 0.5.
  EXPECT_NEAR(scores[1].score, 0.35, kRounding);
  // Trial 2 is half way in both: 0.6 * 0.5 + 0.3 * (1 - 0.5) + 0.1 * 0.
  EXPECT_NEAR(scores[2].score, 0.45, kRounding);
}

TEST(Sm2Score, OnlyTheRatiosOfTheWeightsMatter) {
  const std::vector<Sm2Entry> entries{entry(0, 0.2, 10.0, 1.0), entry(1, 0.4, 5.0, 0.5)};
  EXPECT_NEAR(score(entries, {6, 3, 1}, kNoiseFloor)[1].score, 0.35, kRounding);
}

TEST(Sm2Score, EnergiesWithinTheNoiseFloorAreEqual) {
  const std::vector<Sm2Entry> within{entry(0, 0.2, 10.0, {}), entry(1, 0.4, 10.19, {})};
  for (const Sm2Score& scored : score(within, {}, kNoiseFloor)) EXPECT_EQ(scored.energy, 0.5);

  const std::vector<Sm2Entry> beyond{entry(0, 0.2, 10.0, {}), entry(1, 0.4, 10.21, {})};
  const auto scores = score(beyond, {}, kNoiseFloor);
  EXPECT_EQ(scores[0].energy, 0.0);
  EXPECT_EQ(scores[1].energy, 1.0);
}

TEST(Sm2Score, OneUnknownEnergyMakesAllOfThemNeutral) {
  const std::vector<Sm2Entry> entries{entry(0, 0.2, 10.0, {}), entry(1, 0.4, std::nullopt, {}),
                                      entry(2, 0.4, 99.0, {})};
  for (const Sm2Score& scored : score(entries, {}, kNoiseFloor)) EXPECT_EQ(scored.energy, 0.5);
}

TEST(Sm2Score, AnUnknownStabilityAndEqualLossesAreNeutral) {
  const std::vector<Sm2Entry> entries{entry(0, 0.2, 1.0, {}), entry(1, 0.2, 1.0, {})};
  for (const Sm2Score& scored : score(entries, {}, kNoiseFloor)) {
    EXPECT_EQ(scored.performance, 0.5);
    EXPECT_EQ(scored.stability, 0.5);
    EXPECT_NEAR(scored.score, 0.5, kRounding);
  }
}

TEST(Sm2Score, LossesOfAnySizeAreNormalised) {
  const double huge = std::numeric_limits<double>::max();
  const std::vector<Sm2Entry> entries{entry(0, -huge, 1.0, {}), entry(1, huge, 1.0, {}),
                                      entry(2, 0.0, 1.0, {})};
  const auto scores = score(entries, {}, kNoiseFloor);
  EXPECT_EQ(scores[0].performance, 1.0);
  EXPECT_EQ(scores[1].performance, 0.0);
  EXPECT_EQ(scores[2].performance, 0.5);
}

TEST(RankByScore, PutsTheHigherScoreFirst) {
  const std::vector<Sm2Entry> entries{entry(0, 0.40, 5.0, 0.5), entry(1, 0.20, 10.0, 1.0),
                                      entry(2, 0.30, 7.5, 0.0)};
  const auto ranking = rank_by_score(entries, {}, kNoiseFloor, 2);
  EXPECT_EQ(numbers(ranking.trials), (std::vector<std::uint32_t>{1, 2, 0}));
  EXPECT_FALSE(ranking.guarded);
}

TEST(RankByScore, TheBestPerformerIsNeverDropped) {
  const Sm2Weights for_energy{0.1, 0.9, 0.0};
  const std::vector<Sm2Entry> entries{entry(0, 0.1, 10.0, {}), entry(1, 0.2, 1.0, {}),
                                      entry(2, 0.3, 2.0, {}), entry(3, 0.4, 3.0, {})};
  const auto ranking = rank_by_score(entries, for_energy, kNoiseFloor, 2);
  EXPECT_EQ(numbers(ranking.trials), (std::vector<std::uint32_t>{1, 0, 2, 3}));
  EXPECT_EQ(ranking.guarded, TrialId{0});
  EXPECT_EQ(rank_by_score(entries, for_energy, kNoiseFloor, 1).trials.front(), TrialId{0});
}

TEST(RankByScore, AnInfeasibleTrialComesLastHoweverCheap) {
  const std::vector<Sm2Entry> entries{entry(0, 0.1, 1.0, {}, 0.5), entry(1, 0.9, 9.0, {}),
                                      entry(2, 0.8, 8.0, {})};
  EXPECT_EQ(numbers(rank_by_score(entries, {}, kNoiseFloor, 2).trials),
            (std::vector<std::uint32_t>{2, 1, 0}));
}

TEST(RankByScore, WithoutEnergyAndStabilityItIsTheOrderOfPlainHalving) {
  Rng rng{11};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Sm2Entry> entries;
    std::vector<schedulers::Standing> standings;
    const double scale = rng.index(5) == 0 ? 1e307 : 1.0;
    const std::size_t num_entries = 1 + rng.index(20);
    for (std::uint32_t i = 0; i < num_entries; ++i) {
      const double loss = scale * (rng.index(2) == 0 ? static_cast<double>(rng.index(4))
                                                     : 1.0 + 1e-15 * rng.uniform());
      std::optional<double> violation = 0.0;
      if (rng.index(4) == 0) violation = static_cast<double>(rng.index(3));
      if (rng.index(8) == 0) violation.reset();
      Sm2Entry made = entry(i, loss, rng.uniform(), rng.uniform(), violation);
      if (rng.index(8) == 0) made.standing.losses.clear();
      standings.push_back(made.standing);
      entries.push_back(std::move(made));
    }
    const std::size_t num_kept = 1 + rng.index(num_entries);
    EXPECT_EQ(rank_by_score(entries, {1.0, 0.0, 0.0}, kNoiseFloor, num_kept).trials,
              schedulers::rank(standings, schedulers::RankBy::FirstObjective));
  }
}

TEST(RankByFronts, TakesTheFrontsOneAfterTheOtherAndSpreadsInsideThem) {
  // Front 0: 0 (best), 1 (cheapest), 2 between them, near 0. Front 1: 3, which 2 beats.
  const std::vector<Sm2Entry> entries{entry(0, 0.10, 10.0, {}), entry(1, 0.50, 1.0, {}),
                                      entry(2, 0.14, 9.0, {}), entry(3, 0.20, 9.5, {})};
  EXPECT_EQ(numbers(rank_by_fronts(entries, kNoiseFloor)),
            (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(RankByFronts, ThreePointsInARowAreInTheirOrder) {
  // A published implementation gives (2, 2), (3, 3), (1, 1) the indices of the sorted points for
  // their ranks, and the worst of them the best priority.
  const std::vector<Sm2Entry> entries{entry(0, 2.0, 2.0, {}), entry(1, 3.0, 3.0, {}),
                                      entry(2, 1.0, 1.0, {})};
  EXPECT_EQ(numbers(rank_by_fronts(entries, kNoiseFloor)), (std::vector<std::uint32_t>{2, 0, 1}));
}

TEST(RankByFronts, JoulesAreScaledBeforeDistancesAreTaken) {
  // Unscaled, the 1000 J between 0 and 2 would count for more than all of the quality.
  const std::vector<Sm2Entry> entries{entry(0, 0.1, 101'000.0, {}), entry(1, 0.9, 1'000.0, {}),
                                      entry(2, 0.11, 99'000.0, {}), entry(3, 0.5, 51'000.0, {})};
  EXPECT_EQ(numbers(rank_by_fronts(entries, kNoiseFloor)),
            (std::vector<std::uint32_t>{0, 1, 3, 2}));
}

TEST(RankByFronts, WithoutEnergiesItIsTheOrderOfPlainHalving) {
  const std::vector<Sm2Entry> unknown{entry(0, 0.4, 1.0, {}), entry(1, 0.2, std::nullopt, {}),
                                      entry(2, 0.3, 1.0, {})};
  EXPECT_EQ(numbers(rank_by_fronts(unknown, kNoiseFloor)), (std::vector<std::uint32_t>{1, 2, 0}));
  const std::vector<Sm2Entry> infeasible{entry(0, 0.1, 1.0, {}, 0.5), entry(1, 0.9, 9.0, {}),
                                         entry(2, 0.8, 8.0, {})};
  EXPECT_EQ(numbers(rank_by_fronts(infeasible, kNoiseFloor)),
            (std::vector<std::uint32_t>{2, 1, 0}));
}

TEST(NumWithinShare, KeepsTheLongestPrefixThatFits) {
  using Costs = std::vector<std::optional<double>>;
  EXPECT_EQ(num_within_share(Costs{1.0, 1.0, 1.0, 1.0}, 0.5), 2U);
  EXPECT_EQ(num_within_share(Costs{1.0, 1.0, 3.0, 5.0}, 0.5), 3U);
  EXPECT_EQ(num_within_share(Costs{9.0, 1.0, 1.0}, 0.5), 1U) << "one goes on, however dear";
  EXPECT_EQ(num_within_share(Costs{0.0, 0.0, 4.0}, 0.5), 2U);
  EXPECT_EQ(num_within_share(Costs{0.0, 0.0, 0.0}, 0.5), 2U) << "one drops out";
  EXPECT_EQ(num_within_share(Costs{2.0}, 0.5), 1U);
  EXPECT_FALSE(num_within_share(Costs{1.0, std::nullopt}, 0.5));
}

TEST(StabilityOf, CountsTheStepsThatDoNotGoUp) {
  const std::vector<double> falling{4.0, 3.0, 2.0, 1.0};
  EXPECT_EQ(stability_of(falling), 1.0);
  const std::vector<double> rising{1.0, 2.0, 3.0};
  EXPECT_EQ(stability_of(rising), 0.0);
  // Smoothed: 1, 0.7, 0.79, 0.553, 0.6871.
  const std::vector<double> shaky{1.0, 0.0, 1.0, 0.0, 1.0};
  EXPECT_EQ(stability_of(shaky), 0.5);
  EXPECT_FALSE(stability_of(std::vector<double>{1.0}));
}

TEST(HasDiverged, ComparesTheSmoothedLossWithItsStart) {
  // Smoothed: 1, 4, 6.1.
  EXPECT_FALSE(has_diverged(std::vector<double>{1.0, 11.0}, 4.0));
  EXPECT_TRUE(has_diverged(std::vector<double>{1.0, 11.0, 11.0}, 4.0));
  EXPECT_FALSE(has_diverged(std::vector<double>{0.0, 11.0, 11.0}, 4.0));
  EXPECT_FALSE(has_diverged({}, 4.0));
}

}  // namespace
}  // namespace wattune::strategies
