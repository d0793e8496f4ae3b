#include "wattune/samplers/grid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/history_builder.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

using space::FloatDomain;
using space::IntDomain;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

space::Parameter parameter(std::string name, space::Domain domain,
                           std::vector<space::Condition> when = {}) {
  return {std::move(name), std::move(domain), std::nullopt, std::move(when), space::Role::None};
}

/// All configurations the grid offers, as text, until it has no more.
std::vector<std::string> all_of(const space::Space& space, const GridOptions& options) {
  fake::HistoryBuilder builder{fake::make_problem(space, {trial::Direction::Minimize})};
  const auto grid = make_grid(space, options);
  std::vector<std::string> texts;
  Rng rng{1};
  while (const auto suggestion = grid->suggest(builder.history(), rng)) {
    texts.push_back(space.to_json(*suggestion).dump());
    builder.add_completed(*suggestion, 1.0);
  }
  return texts;
}

/// x (0 or 1) decides whether y (1, 2, 3) is active; y = 2 is forbidden.
space::Space with_condition() {
  return space::Space{
      {parameter("y", IntDomain{1, 3, false, 1}, {{"x", space::Comparison::In, {std::int64_t{1}}}}),
       parameter("x", IntDomain{0, 1, false, 1})},
      {{{{"y", {std::int64_t{2}}}}}}};
}

}  // namespace

TEST(Grid, IncludesBothBoundsOfFloatsAndEveryInteger) {
  const space::Space space{{parameter("lr", FloatDomain{0.01, 1.0, true, std::nullopt})}};
  EXPECT_THAT(all_of(space, {.points_per_float = 2}),
              ElementsAre(R"({"lr":0.01})", R"({"lr":1.0})"));
  const space::Space integers{{parameter("n", IntDomain{2, 8, false, 3})}};
  EXPECT_THAT(all_of(integers, {}), ElementsAre(R"({"n":2})", R"({"n":5})", R"({"n":8})"));
}

TEST(Grid, DoesNotRepeatTheDefaultConfigurationThatWasTried) {
  const space::Space space{{parameter("n", IntDomain{1, 3, false, 1})}};
  fake::HistoryBuilder builder{fake::make_problem(space, {trial::Direction::Minimize})};
  const auto first = space.from_unit(std::vector{0.0});
  builder.add_running(first, trial::Origin::Default);
  Rng rng{1};
  const auto suggestion = make_grid(space, {})->suggest(builder.history(), rng);
  EXPECT_EQ(space.to_json(*suggestion).dump(), R"({"n":2})");
}

TEST(Grid, LeavesTheUpperBoundOutWhenAskedTo) {
  const space::Space space{{parameter("x", FloatDomain{0.0, 1.0, false, std::nullopt})}};
  EXPECT_THAT(all_of(space, {.points_per_float = 4, .upper_bound = false}),
              ElementsAre(R"({"x":0.0})", R"({"x":0.25})", R"({"x":0.5})", R"({"x":0.75})"));
}

TEST(Grid, ThinsOutIntegersAndStepsButKeepsTheirEnds) {
  const space::Space space{{parameter("n", IntDomain{1, 100, true, 1})}};
  EXPECT_THAT(all_of(space, {.points_per_int = 3}),
              ElementsAre(R"({"n":1})", R"({"n":7})", R"({"n":100})"));
  const space::Space steps{{parameter("x", FloatDomain{0.0, 1.0, false, 0.125})}};
  EXPECT_THAT(all_of(steps, {.points = {{"x", 2}}}), ElementsAre(R"({"x":0.0})", R"({"x":1.0})"));
}

TEST(Grid, CountsCombinationsThatDifferOnlyInInactiveParametersOnce) {
  EXPECT_THAT(all_of(with_condition(), {}),
              ElementsAre(R"({"x":0})", R"({"x":1,"y":1})", R"({"x":1,"y":3})"));
}

TEST(Grid, ShufflesWithoutReplacement) {
  const space::Space space{
      {parameter("n", IntDomain{1, 300, false, 1}), parameter("x", FloatDomain{})}};
  const auto in_order = all_of(space, {});
  auto shuffled = all_of(space, {.order = GridOrder::Shuffled, .seed = 5});
  EXPECT_NE(shuffled, in_order);
  EXPECT_NE(shuffled, all_of(space, {.order = GridOrder::Shuffled, .seed = 6}));
  // Early picks come from all over: of the first 150 of 1500, about half lie in either half.
  const auto num_low = std::count_if(
      shuffled.begin(), shuffled.begin() + 150,
      [&](const auto& text) { return std::ranges::find(in_order, text) - in_order.begin() < 750; });
  EXPECT_NEAR(static_cast<double>(num_low), 75.0, 6 * std::sqrt(150 * 0.25));

  std::ranges::sort(shuffled);
  auto sorted = in_order;
  std::ranges::sort(sorted);
  EXPECT_EQ(shuffled, sorted);
}

TEST(Grid, OffersNoMoreThanTheCount) {
  const space::Space space{{parameter("n", IntDomain{1, 300, false, 1})}};
  EXPECT_THAT(all_of(space, {.count = 2}), ElementsAre(R"({"n":1})", R"({"n":2})"));
  const auto all = all_of(space, {.order = GridOrder::Shuffled, .seed = 5});
  auto sample = all_of(space, {.order = GridOrder::Shuffled, .count = 40, .seed = 5});
  EXPECT_EQ(sample, std::vector(all.begin(), all.begin() + 40));
  EXPECT_EQ(make_grid(space, {.count = 40})->describe(), "grid of 300 combinations, 40 of them");
}

TEST(Grid, RefusesWhatCannotBeAGrid) {
  const space::Space space{{parameter("x", FloatDomain{})}};
  EXPECT_THAT([&] { static_cast<void>(make_grid(space, {.points_per_float = 0})); },
              ThrowsMessage<ConfigError>(HasSubstr("0 points for parameter \"x\"")));
  EXPECT_THAT([&] { static_cast<void>(make_grid(space, {.count = 0})); },
              ThrowsMessage<ConfigError>(HasSubstr("count is 0")));
  EXPECT_THAT(
      [&] {
        static_cast<void>(make_grid(space, {.points = {{"y", 3}}}));
      },
      ThrowsMessage<ConfigError>(HasSubstr("\"y\"")));
  std::vector<space::Parameter> many;
  for (int i = 0; i < 30; ++i) many.push_back(parameter("x" + std::to_string(i), FloatDomain{}));
  EXPECT_THAT([&] { static_cast<void>(make_grid(space::Space{many}, {})); },
              ThrowsMessage<ConfigError>(HasSubstr("10^15")));
}

}  // namespace wattune::samplers
