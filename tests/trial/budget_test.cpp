#include "wattune/trial/budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_events.hpp"
#include "wattune/base/result.hpp"

namespace wattune::trial {
namespace {

trial::History history_with(Joules drawn, trial::Tariff tariff) {
  trial::Problem problem = sample_problem();
  problem.tariff = std::move(tariff);
  trial::History history(std::move(problem));
  history.apply(
      trial::OverheadBooked{Seconds{1}, joules_figure(drawn.value(), 0), joules_figure(0, 0)});
  return history;
}

TEST(BudgetUse, ListsOnlyTheBudgetsThatAreSet) {
  const auto uses =
      budget_use({.trials = 5, .energy = {}, .time = Seconds{60}, .carbon_g = {}, .cost = {}},
                 history_with(Joules{10}, {}), Seconds{15});

  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].name, "trials");
  EXPECT_EQ(uses[0].used, 0.0);
  EXPECT_EQ(uses[1].name, "time");
  EXPECT_EQ(uses[1].used, 15.0);
  EXPECT_EQ(uses[1].limit, 60.0);
}

TEST(BudgetUse, TurnsEnergyIntoCarbonAndCostByTheTariff) {
  trial::Tariff tariff;
  tariff.pue.factor = 2.0;
  tariff.intensity = {energy::RateTable{400.0}};
  tariff.price = {energy::RateTable{0.5}, "EUR"};

  const auto uses =
      budget_use({.trials = {}, .energy = Joules{1}, .time = {}, .carbon_g = 1.0, .cost = 1.0},
                 history_with(Joules{3.6e6}, tariff), Seconds{});

  ASSERT_EQ(uses.size(), 3U);
  EXPECT_DOUBLE_EQ(uses[0].used, 3.6e6);
  EXPECT_DOUBLE_EQ(uses[1].used, 800.0);
  EXPECT_DOUBLE_EQ(uses[2].used, 1.0);
  EXPECT_EQ(uses[2].unit, "EUR");
  EXPECT_TRUE(uses[2].is_used_up());
}

TEST(BudgetUse, CountsEnergyWithoutARateAtTheHighestRateThatIsKnown) {
  // The history's window is at the beginning of 1970, which this table does not cover.
  const WallTime day{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
  trial::Tariff tariff;
  tariff.pue.factor = 2.0;
  tariff.intensity = {energy::RateTable::timed(
      {{day, day + std::chrono::hours{1}, 100.0},
       {day + std::chrono::hours{1}, day + std::chrono::hours{2}, 300.0}})};

  const auto uses =
      budget_use({.trials = {}, .energy = {}, .time = {}, .carbon_g = 1.0, .cost = {}},
                 history_with(Joules{3.6e6}, tariff), Seconds{});

  ASSERT_EQ(uses.size(), 1U);
  EXPECT_DOUBLE_EQ(uses[0].used, 600.0);
}

TEST(BudgetUse, RefusesWhatCannotBeComputed) {
  const trial::History history = history_with(Joules{1}, {});
  Budgets carbon;
  carbon.carbon_g = 1.0;
  Budgets cost;
  cost.cost = 1.0;

  EXPECT_THROW(static_cast<void>(budget_use(carbon, history, Seconds{})), ConfigError);
  EXPECT_THROW(static_cast<void>(budget_use(cost, history, Seconds{})), ConfigError);
}

TEST(UsedUpText, NamesTheBudgetWhatWasUsedAndTheLimit) {
  EXPECT_EQ(used_up_text({"energy", 5000, 5010, "J"}),
            "the energy budget is used up: 5.01 kJ of 5.00 kJ");
  EXPECT_EQ(used_up_text({"trials", 50, 50, ""}), "the trials budget is used up: 50 of 50");
}

}  // namespace
}  // namespace wattune::trial
