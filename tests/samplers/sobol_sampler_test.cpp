#include "wattune/samplers/sobol.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/history_builder.hpp"

namespace wattune::samplers {
namespace {

space::Space two_floats() {
  const auto unit = space::FloatDomain{0.0, 1.0, false, std::nullopt};
  return space::Space{{{"x", unit, std::nullopt, {}, space::Role::None},
                       {"y", unit, std::nullopt, {}, space::Role::None}}};
}

}  // namespace

TEST(SobolSampler, SpreadsItsFirstPointsEvenlyWhereverTheFirstTrialCameFrom) {
  fake::HistoryBuilder builder{fake::make_problem(two_floats(), {trial::Direction::Minimize})};
  const std::vector<double> middle{0.5, 0.5};
  const auto default_trial =
      builder.add_running(two_floats().from_unit(middle), trial::Origin::Default);
  builder.report(default_trial, 1.0, 0.0);
  builder.end(default_trial, trial::Outcome::Completed);
  const auto sampler = make_sobol(two_floats(), {.seed = 3});
  Rng rng{1};
  std::set<int> cells;
  for (int i = 0; i < 16; ++i) {
    const auto suggestion = sampler->suggest(builder.history(), rng);
    const auto point = two_floats().to_unit(*suggestion);
    cells.insert(static_cast<int>(point[0] * 4) * 4 + static_cast<int>(point[1] * 4));
    builder.add_failed(*suggestion);
  }
  EXPECT_EQ(cells.size(), 16u);  // a 4 x 4 board, one point each
}

}  // namespace wattune::samplers
