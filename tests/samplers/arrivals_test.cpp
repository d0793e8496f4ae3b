#include "../../src/samplers/arrivals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using ::testing::ElementsAre;
using trial::Direction;
using trial::Outcome;

space::Configuration at(double x) {
  return fake::unit_cube(1).from_unit(std::vector{x});
}

fake::HistoryBuilder constrained() {
  return fake::HistoryBuilder{
      fake::make_problem(fake::unit_cube(1), {Direction::Minimize, Direction::Maximize}, 1, 9.0)};
}

std::vector<std::uint32_t> numbers_of(const Arrivals& arrivals) {
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < arrivals.size(); ++i) numbers.push_back(arrivals[i].number);
  return numbers;
}

}  // namespace

TEST(Arrivals, ComeInTheOrderInWhichTrialsEnd) {
  auto builder = constrained();
  const TrialId slow = builder.add_running(at(0.1));
  builder.add_completed(at(0.2), std::vector{1.0, 1.0, 0.0});
  Arrivals arrivals;
  EXPECT_TRUE(arrivals.update(builder.history()));
  EXPECT_THAT(numbers_of(arrivals), ElementsAre(1));

  builder.end(slow, Outcome::FailedExit);
  EXPECT_TRUE(arrivals.update(builder.history()));
  EXPECT_THAT(numbers_of(arrivals), ElementsAre(1, 0));
}

TEST(Arrivals, StandByConstraintsThenByHowFarTheyCame) {
  auto builder = constrained();
  builder.add_failed(at(0.1));
  const auto paused_at = [&](double step) {
    const TrialId id = builder.add_running(at(0.2));
    builder.report(id, step, std::vector{0.0, 9.0, 0.0});
    builder.end(id, Outcome::Paused);
  };
  paused_at(1.0);
  paused_at(3.0);
  builder.add_completed(at(0.3), std::vector{0.0, 9.0, 2.0});
  builder.add_completed(at(0.3), std::vector{5.0, 1.0, 1.0});
  builder.add_completed(at(0.4), std::vector{5.0, 1.0, -1.0});
  builder.add_completed(at(0.4), std::vector{4.0, 0.0, -1.0});
  builder.add_completed(at(0.4), std::vector{6.0, 1.0, -1.0});
  Arrivals arrivals;
  ASSERT_TRUE(arrivals.update(builder.history()));
  std::vector<const Arrival*> all;
  for (std::size_t i = 0; i < arrivals.size(); ++i) all.push_back(&arrivals[i]);
  EXPECT_THAT(front_ranks(all), ElementsAre(6, 5, 4, 3, 2, 0, 0, 1));
}

TEST(Arrivals, SayWhenATrialThatHadEndedGoesOn) {
  auto builder = constrained();
  const TrialId id = builder.add_running(at(0.2));
  builder.report(id, 1.0, std::vector{7.0, 1.0, 0.0});
  builder.end(id, Outcome::Paused);
  Arrivals arrivals;
  ASSERT_TRUE(arrivals.update(builder.history()));
  builder.assign(id);
  EXPECT_TRUE(arrivals.update(builder.history()));  // nothing new is known of it
  builder.report(id, 5.0, std::vector{3.0, 1.0, 0.0});
  EXPECT_FALSE(arrivals.update(builder.history()));
  EXPECT_EQ(arrivals[0].step, 5.0);
  EXPECT_TRUE(arrivals.update(builder.history()));
  builder.end(id, Outcome::Completed);
  EXPECT_FALSE(arrivals.update(builder.history()));
  EXPECT_THAT(numbers_of(arrivals), ElementsAre(0));  // it arrived once
  EXPECT_EQ(arrivals[0].standing, Standing::Feasible);
}

}  // namespace wattune::samplers
