#include "wattune/report/break_even.hpp"

#include <gtest/gtest.h>

namespace wattune::report {
namespace {

const Prices kPrices{.per_joule = 2.0, .per_second = 10.0};
const Expense kBaseUse{Joules{5.0}, Seconds{1.0}};  // 20 a use
const Expense kUse{Joules{3.0}, Seconds{0.5}};      // 11 a use
const Expense kOneOff{Joules{40.0}, Seconds{1.0}};  // 90 once

TEST(BreakEven, IsWhereTheSavingsHavePaidTheOneOffPart) {
  EXPECT_DOUBLE_EQ(break_even_uses(90.0, 9.0).value(), 10.0);
}

TEST(BreakEven, IsNeverWhereAUseSavesNothing) {
  EXPECT_FALSE(break_even_uses(90.0, 0.0).has_value());
  EXPECT_FALSE(break_even_uses(90.0, -1.0).has_value());
  EXPECT_FALSE(break_even_uses(0.0, 0.0).has_value());
}

TEST(BreakEven, IsAtOnceWhereNothingWasPaid) {
  EXPECT_DOUBLE_EQ(break_even_uses(0.0, 9.0).value(), 0.0);
}

TEST(CostOfUses, AddsTheOneOffPartAndEveryUseInEnergyAndTime) {
  EXPECT_DOUBLE_EQ(cost_of_uses(kOneOff, kUse, 0.0, kPrices), 90.0);
  EXPECT_DOUBLE_EQ(cost_of_uses(kOneOff, kUse, 4.0, kPrices), 90.0 + 4 * 11.0);
}

TEST(CostOfUses, IsTheSameWithAndWithoutTheTacticAtTheBreakEven) {
  const Payback payback = payback_of(kOneOff, kBaseUse, kUse, kPrices);

  EXPECT_DOUBLE_EQ(payback.one_off, 90.0);
  EXPECT_DOUBLE_EQ(payback.saved_per_use, 9.0);
  ASSERT_TRUE(payback.break_even.has_value());
  EXPECT_DOUBLE_EQ(cost_of_uses(kOneOff, kUse, *payback.break_even, kPrices),
                   cost_of_uses({}, kBaseUse, *payback.break_even, kPrices));
}

TEST(CostOfUses, NeverPaysWhereAUseCostsMoreThoughItSavesEnergy) {
  const Expense slow_use{Joules{3.0}, Seconds{2.0}};  // 26 a use

  const Payback payback = payback_of(kOneOff, kBaseUse, slow_use, kPrices);

  EXPECT_DOUBLE_EQ(payback.saved_per_use, -6.0);
  EXPECT_FALSE(payback.break_even.has_value());
}

}  // namespace
}  // namespace wattune::report
