#include "data/data_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace wattune::train {
namespace {

std::vector<std::int64_t> row(std::uint64_t seed, std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> indices(count);
  DataOrder(OrderKind::Shuffled, seed, 100, 10).fill(first, indices);
  return indices;
}

TEST(DataOrder, UsesEverySampleOnceAnEpoch) {
  std::vector<std::int64_t> everything(100);
  std::iota(everything.begin(), everything.end(), 0);

  EXPECT_THAT(row(1, 300, 100), testing::UnorderedElementsAreArray(everything));
}

TEST(DataOrder, DependsOnSeedAndEpoch) {
  EXPECT_NE(row(1, 0, 100), row(2, 0, 100));
  EXPECT_NE(row(1, 0, 100), row(1, 100, 100));
  EXPECT_EQ(row(1, 100, 100), row(1, 100, 100));
}

TEST(DataOrder, IsTheSameRowHoweverItIsCut) {
  const std::vector<std::int64_t> whole = row(1, 0, 250);
  std::vector<std::int64_t> pieces(250);

  DataOrder order(OrderKind::Shuffled, 1, 100, 10);
  for (std::size_t first = 0; first < 250; first += 10) {
    order.fill(static_cast<std::int64_t>(first), std::span(pieces).subspan(first, 10));
  }

  EXPECT_EQ(pieces, whole);
}

TEST(DataOrder, RepeatsFixedBatchesWhateverEpochAndSeed) {
  std::vector<std::int64_t> first(24);
  std::vector<std::int64_t> later(24);

  DataOrder(OrderKind::Fixed, 1, 30, 8).fill(0, first);  // three batches of 8; 6 samples left out
  DataOrder(OrderKind::Fixed, 2, 30, 8).fill(48, later);

  EXPECT_EQ(first, later);
  std::ranges::sort(first);
  EXPECT_EQ(std::ranges::adjacent_find(first), first.end());
}

TEST(DataOrder, PutsASampleAnywhereWithEqualChance) {
  std::vector<int> first_seen(100);
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    ++first_seen[static_cast<std::size_t>(row(seed, 0, 1)[0])];
  }

  // 100 expected each, standard deviation 10; fixed seeds, so the outcome never changes.
  EXPECT_GT(*std::ranges::min_element(first_seen), 60);
  EXPECT_LT(*std::ranges::max_element(first_seen), 140);
}

}  // namespace
}  // namespace wattune::train
