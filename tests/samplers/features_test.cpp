#include "../../src/samplers/features.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../../src/samplers/every_configuration.hpp"
#include "support/must.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;

const space::Choice kSgd{std::string{"sgd"}};
const space::Choice kAdam{std::string{"adam"}};

/// lr, and a momentum that only sgd has, of a choice of optimizers; and a constant.
space::Space small_space() {
  return space::Space{
      {fake::parameter("lr", space::FloatDomain{0.01, 1.0, true, std::nullopt}),
       fake::parameter("layers", space::IntDomain{1, 4, false, 1}),
       fake::parameter("optimizer",
                       space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"}}, false}),
       fake::parameter("momentum", space::FloatDomain{0.0, 1.0, false, std::nullopt},
                       {{"optimizer", space::Comparison::In, {kSgd}}}),
       fake::parameter("data", space::ConstantDomain{std::string{"mnist"}})}};
}

Eigen::RowVectorXd row_at(const space::Space& space, const std::vector<double>& point) {
  return Features{space}.row(space.from_unit(point));
}

}  // namespace

TEST(Features, ColumnsOfOneParameterAreAGroupAndConstantsHaveNone) {
  const space::Space space = small_space();
  EXPECT_THAT(Features{space}.shape(math::KernelFamily::Rbf).group_of_column,
              ElementsAre(0, 1, 2, 2, 3, 3));
}

TEST(Features, OrderedParametersStandAtTheCoordinateOfTheValueTheyReallyHave) {
  const space::Space space = small_space();
  const Eigen::RowVectorXd row = row_at(space, {0.25, 0.55, 0.0, 0.75, 0.0});
  EXPECT_NEAR(row[0], 0.25, 1e-12);
  EXPECT_NEAR(row[1], 0.625, 1e-12);  // the middle of the third of four parts
  EXPECT_NEAR(row[4], 0.75, 1e-12);
}

TEST(Features, TwoValuesOfAChoiceAreOneApart) {
  const space::Space space = small_space();
  Eigen::RowVectorXd sgd = row_at(space, {0.5, 0.5, 0.0, 0.5, 0.0});
  Eigen::RowVectorXd adam = row_at(space, {0.5, 0.5, 0.9, 0.5, 0.0});
  EXPECT_NEAR((sgd - adam).segment(2, 2).norm(), 1.0, 1e-12);
}

TEST(Features, AnInactiveParameterIsInTheMiddleAndMarked) {
  const space::Space space = small_space();
  const Eigen::RowVectorXd active = row_at(space, {0.5, 0.5, 0.0, 0.9, 0.0});
  const Eigen::RowVectorXd inactive = row_at(space, {0.5, 0.5, 0.9, 0.9, 0.0});
  EXPECT_EQ(active[5], 0.0);
  EXPECT_EQ(inactive[4], 0.5);
  EXPECT_GT(inactive[5], 0.0);
}

TEST(Features, OnlyOrderedParametersHaveAColumnToFollow) {
  const space::Space space = small_space();
  const Features features{space};
  EXPECT_EQ(features.ordered_column(0), 0u);
  EXPECT_EQ(features.ordered_column(1), 1u);
  EXPECT_EQ(features.ordered_column(2), std::nullopt);
  EXPECT_EQ(features.ordered_column(3), 4u);
  EXPECT_EQ(features.ordered_column(4), std::nullopt);
}

TEST(Features, RowsAreTheConfigurationsOneByOne) {
  const space::Space space = fake::every_kind();
  const Features features{space};
  Rng rng{7};
  std::vector<space::Configuration> configurations;
  for (int i = 0; i < 20; ++i) configurations.push_back(must(space.sample(rng)));
  const Eigen::MatrixXd rows = features.rows(configurations);
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    EXPECT_EQ(rows.row(static_cast<Eigen::Index>(i)), features.row(configurations[i]));
  }
}

TEST(EveryConfiguration, HasEachAllowedOneOnce) {
  const space::Space space{
      {fake::parameter("optimizer",
                       space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"}}, false}),
       fake::parameter("momentum", space::FloatDomain{0.0, 1.0, false, 0.5},
                       {{"optimizer", space::Comparison::In, {kSgd}}}),
       fake::parameter("layers", space::IntDomain{1, 4, false, 1})},
      {{{{"optimizer", {kAdam}}, {"layers", {std::int64_t{4}}}}}}};

  const auto all = every_configuration(space, 100);

  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->size(), 3u * 4u + 3u);  // sgd with momentum, adam without
  for (const space::Configuration& configuration : *all) {
    EXPECT_TRUE(space.contains(configuration));
  }
  EXPECT_EQ(std::ranges::adjacent_find(*all), all->end());
}

TEST(EveryConfiguration, IsNothingBeyondTheMostAndInContinuousSpaces) {
  const space::Space integers{{fake::parameter("a", space::IntDomain{1, 100, false, 1}),
                               fake::parameter("b", space::IntDomain{1, 100, true, 1})}};
  EXPECT_EQ(every_configuration(integers, 9'999), std::nullopt);
  EXPECT_EQ(every_configuration(integers, 10'000)->size(), 10'000u);
  EXPECT_EQ(every_configuration(fake::unit_cube(1), 10'000), std::nullopt);
}

}  // namespace wattune::samplers
