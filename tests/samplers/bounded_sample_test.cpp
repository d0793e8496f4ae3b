#include "../../src/samplers/bounded_sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace wattune::samplers {
namespace {

/// Follows the changes that a sample tells.
class Follower {
 public:
  explicit Follower(std::size_t max_size) : sample_(max_size) {}

  void insert(std::uint32_t number) { follow(sample_.insert(number)); }
  void erase(std::uint32_t number) { follow(sample_.erase(number)); }
  [[nodiscard]] const std::set<std::uint32_t>& numbers() const { return numbers_; }

 private:
  void follow(const BoundedSample::Change& change) {
    if (change.left) {
      EXPECT_EQ(numbers_.erase(*change.left), 1u);
    }
    if (change.entered) {
      EXPECT_TRUE(numbers_.insert(*change.entered).second);
    }
  }

  BoundedSample sample_;
  std::set<std::uint32_t> numbers_;
};

}  // namespace

TEST(BoundedSample, HoldsEverythingUpToItsSize) {
  Follower follower{5};
  for (std::uint32_t i = 0; i < 5; ++i) follower.insert(i);
  EXPECT_EQ(follower.numbers(), (std::set<std::uint32_t>{0, 1, 2, 3, 4}));
  follower.insert(5);
  EXPECT_EQ(follower.numbers().size(), 5u);
}

TEST(BoundedSample, DependsOnWhoIsThereAlone) {
  Follower forwards{20};
  Follower backwards{20};
  for (std::uint32_t i = 0; i < 200; ++i) {
    forwards.insert(i);
    if (i % 3 == 0) forwards.erase(i);
    if (i % 4 == 3 && (i - 2) % 3 != 0) forwards.erase(i - 2);
  }
  for (std::uint32_t i = 200; i-- > 0;) {
    const bool was_erased = i % 3 == 0 || (i % 4 == 1 && i + 2 < 200);
    if (!was_erased) backwards.insert(i);
  }
  EXPECT_EQ(forwards.numbers().size(), 20u);
  EXPECT_EQ(forwards.numbers(), backwards.numbers());
}

TEST(BoundedSample, TakesOldAndNewAlike) {
  Follower follower{500};
  for (std::uint32_t i = 0; i < 1000; ++i) follower.insert(i);
  const auto num_old = std::ranges::count_if(follower.numbers(), [](auto i) { return i < 500; });
  EXPECT_NEAR(static_cast<double>(num_old), 250.0, 48.0);  // six deviations of 7.9
}

}  // namespace wattune::samplers
