#include "../../src/samplers/layers.hpp"

#include <gtest/gtest.h>

#include "wattune/base/random.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::samplers {

TEST(Layers, WithOneObjectiveTheLowestLossesAreBestAndTheOlderOfEqualOnes) {
  Layers layers{1};
  const std::vector<double> losses{5, 3, 4, 3, 9};
  for (std::uint32_t i = 0; i < losses.size(); ++i) layers.insert(i, std::vector{losses[i]});
  EXPECT_EQ(layers.best(1), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(layers.best(3), (std::vector<std::uint32_t>{1, 2, 3}));
  layers.erase(1);
  EXPECT_EQ(layers.best(1), (std::vector<std::uint32_t>{3}));
}

TEST(Layers, CutTheFrontThatIsTooLargeByHypervolume) {
  Layers layers{2};
  const std::vector<std::vector<double>> losses{{1, 9}, {5, 5}, {5.1, 4.9}, {9, 1}, {9, 9}};
  for (std::uint32_t i = 0; i < losses.size(); ++i) layers.insert(i, losses[i]);
  EXPECT_EQ(layers.best(3), (std::vector<std::uint32_t>{0, 1, 3}));
}

TEST(Layers, AreTheSameWhetherTrialsComeOneByOneOrAllAtOnce) {
  for (const std::size_t num_objectives : {2u, 3u}) {
    Rng rng{num_objectives};
    Layers one_by_one{num_objectives};
    std::vector<std::vector<double>> losses;
    for (std::uint32_t i = 0; i < 150; ++i) {
      std::vector<double> point(num_objectives);
      for (double& loss : point) loss = static_cast<double>(rng.index(15));
      losses.push_back(point);
      one_by_one.insert(i, point);
      static_cast<void>(one_by_one.best(10));  // settles the fronts
      if (i % 30 == 29) {
        one_by_one.erase(i - 5);
        one_by_one.insert(i - 5, losses[i - 5]);
      }

      Layers at_once{num_objectives};
      for (std::uint32_t j = 0; j <= i; ++j) at_once.insert(j, losses[j]);
      ASSERT_EQ(one_by_one.best(12), at_once.best(12)) << "after trial " << i;
    }
  }
}

TEST(Layers, TakeWholeFrontsInTheirOrder) {
  Rng rng{4};
  Layers layers{3};
  std::vector<std::vector<double>> losses;
  for (std::uint32_t i = 0; i < 80; ++i) {
    losses.push_back({rng.uniform(), rng.uniform(), rng.uniform()});
    layers.insert(i, losses.back());
  }
  const auto ranks = math::non_dominated_ranks(losses);
  const auto size_of_first =
      static_cast<std::size_t>(std::count(ranks.begin(), ranks.end(), std::size_t{0}));
  for (const std::uint32_t number : layers.best(size_of_first)) EXPECT_EQ(ranks[number], 0u);
  for (const std::uint32_t number : layers.best(size_of_first + 2)) EXPECT_LE(ranks[number], 1u);
}

}  // namespace wattune::samplers
