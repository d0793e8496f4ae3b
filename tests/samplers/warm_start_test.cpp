#include "wattune/samplers/warm_start.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/history_builder.hpp"
#include "support/must.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using space::Choice;
using ::testing::ElementsAre;
using trial::Direction;

/// What an earlier study searched: a learning rate, layers, an optimizer.
space::Space earlier_space() {
  return space::Space{
      {fake::parameter("lr", space::FloatDomain{1e-4, 1.0, true, std::nullopt}),
       fake::parameter("layers", space::IntDomain{1, 16}),
       fake::parameter("optimizer",
                       space::ChoiceDomain{{std::string{"sgd"}, std::string{"adam"}}, false}),
       fake::parameter("gone", space::FloatDomain{})}};
}

/// The new one: narrower, another order, a choice less, a parameter more.
space::Space new_space() {
  auto dropout = fake::parameter("dropout", space::FloatDomain{0.0, 0.5, false, std::nullopt});
  dropout.default_value = Choice{0.25};
  return space::Space{
      {fake::parameter("layers", space::IntDomain{2, 8, false, 2}),
       fake::parameter("optimizer",
                       space::ChoiceDomain{{std::string{"adam"}, std::string{"lion"}}, false}),
       fake::parameter("lr", space::FloatDomain{1e-3, 0.1, true, std::nullopt}), dropout}};
}

space::Configuration earlier(double lr, std::int64_t layers, std::uint32_t optimizer) {
  return space::Configuration{{lr, layers, space::ChoiceIndex{optimizer}, 0.5}};
}

std::vector<std::string> texts_of(const WarmStart& start, const space::Space& space) {
  std::vector<std::string> texts;
  for (const auto& configuration : start.configurations) {
    EXPECT_TRUE(space.contains(configuration));
    texts.push_back(space.to_json(configuration).dump());
  }
  return texts;
}

/// The earlier study on one parameter, x.
fake::HistoryBuilder on_one_parameter(std::vector<Direction> directions,
                                      std::size_t num_constraints = 0) {
  return fake::HistoryBuilder{
      fake::make_problem(fake::unit_cube(1), std::move(directions), num_constraints)};
}

space::Configuration at(double x) {
  return fake::unit_cube(1).from_unit(std::vector{x});
}

std::vector<double> places(const WarmStart& start) {
  std::vector<double> places;
  for (const auto& configuration : start.configurations) {
    places.push_back(std::get<double>(configuration[0]));
  }
  return places;
}

}  // namespace

TEST(WarmStart, MapsParametersByNameIntoTheNewSpace) {
  fake::HistoryBuilder builder{fake::make_problem(earlier_space(), {Direction::Maximize})};
  builder.add_completed(earlier(0.01, 4, 1), 0.7);
  builder.add_completed(earlier(0.9, 16, 1), 0.8);   // both out of their domains
  builder.add_completed(earlier(0.01, 4, 0), 0.99);  // sgd is gone
  builder.add_failed(earlier(0.02, 4, 1));
  const auto problem = fake::make_problem(new_space(), {Direction::Maximize});
  const WarmStart start = warm_start_configurations(builder.history(), problem, 5);
  EXPECT_THAT(texts_of(start, problem.space),
              ElementsAre(R"({"dropout":0.25,"layers":8,"lr":0.1,"optimizer":"adam"})",
                          R"({"dropout":0.25,"layers":4,"lr":0.01,"optimizer":"adam"})"));
  EXPECT_EQ(to_text(start),
            "2 of 3 trials taken; 1 left out; 2 values moved into their domain, 2 filled in");
}

TEST(WarmStart, MovesAnIntegerToTheNearestStep) {
  fake::HistoryBuilder builder{fake::make_problem(earlier_space(), {Direction::Maximize})};
  builder.add_completed(earlier(0.01, 5, 1), 0.7);
  const auto problem = fake::make_problem(new_space(), {Direction::Maximize});
  const WarmStart start = warm_start_configurations(builder.history(), problem, 1);
  const auto layers = std::get<std::int64_t>(start.configurations.at(0)[0]);
  EXPECT_TRUE(layers == 4 || layers == 6);
}

TEST(WarmStart, TakesTheBestOfOneObjectiveFeasibleFirstAndUnlikeEachOther) {
  auto builder = on_one_parameter({Direction::Minimize}, 1);
  builder.add_completed(at(0.1), std::vector{1.0, 0.0});
  builder.add_completed(at(0.105), std::vector{1.1, 0.0});  // next to the first
  builder.add_completed(at(0.5), std::vector{2.0, 0.0});
  builder.add_completed(at(0.9), std::vector{0.0, 3.0});  // breaks the constraint
  const auto& problem = builder.history().problem();
  EXPECT_THAT(places(warm_start_configurations(builder.history(), problem, 2)),
              ElementsAre(0.1, 0.5));
  EXPECT_THAT(places(warm_start_configurations(builder.history(), problem, 9)),
              ElementsAre(0.1, 0.5, 0.9, 0.105));
}

TEST(WarmStart, TakesTheFrontByHypervolume) {
  auto builder = on_one_parameter({Direction::Minimize, Direction::Minimize});
  builder.add_completed(at(0.1), std::vector{0.0, 1.0});
  builder.add_completed(at(0.3), std::vector{0.4, 0.4});
  builder.add_completed(at(0.5), std::vector{0.45, 0.38});
  builder.add_completed(at(0.7), std::vector{1.0, 0.0});
  builder.add_completed(at(0.9), std::vector{1.0, 1.0});
  const auto& problem = builder.history().problem();
  const auto chosen = places(warm_start_configurations(builder.history(), problem, 5));
  EXPECT_EQ(chosen.front(), 0.3);
  EXPECT_EQ(chosen.back(), 0.9);  // of the second front
  EXPECT_EQ(chosen[3], 0.5);      // adds the least
}

TEST(WarmStart, TakesNothingFromAStudyOfOtherObjectives) {
  auto builder = on_one_parameter({Direction::Minimize});
  builder.add_completed(at(0.1), 1.0);
  const auto problem =
      fake::make_problem(fake::unit_cube(1), {Direction::Minimize, Direction::Minimize});
  const WarmStart start = warm_start_configurations(builder.history(), problem, 5);
  EXPECT_TRUE(start.configurations.empty());
  EXPECT_EQ(start.num_usable, 0u);
}

}  // namespace wattune::samplers
