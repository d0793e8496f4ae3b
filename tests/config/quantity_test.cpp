#include "wattune/config/quantity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace wattune::config {

using ::testing::HasSubstr;

TEST(NumberFromText, ReadsWhatYamlCallsANumber) {
  EXPECT_EQ(number_from_text("1e-4"), 1e-4);
  EXPECT_EQ(number_from_text("+3"), 3.0);
  EXPECT_EQ(number_from_text("-.5"), -0.5);
  EXPECT_EQ(number_from_text("2e5"), 200000.0);
}

TEST(NumberFromText, LeavesWordsAlone) {
  for (const char* text : {"", "-", "abc", "1x", "0x10", "1_000", "1 2", "infinite", "--1"}) {
    EXPECT_EQ(number_from_text(text), std::nullopt) << text;
  }
}

TEST(NumberFromText, KnowsInfinityAndNan) {
  EXPECT_TRUE(std::isinf(number_from_text("-.inf").value()));
  EXPECT_TRUE(std::isnan(number_from_text(".nan").value()));
  EXPECT_TRUE(std::isinf(number_from_text("1e999").value()));
  EXPECT_EQ(number_from_text("1e-999"), 0.0);
}

TEST(Quantity, IsReadIntoSiUnits) {
  EXPECT_EQ(quantity_from_text("5 kJ", Dimension::Energy).amount, 5000.0);
  EXPECT_EQ(quantity_from_text("2Wh", Dimension::Energy).amount, 7200.0);
  EXPECT_EQ(quantity_from_text("1e3J", Dimension::Energy).amount, 1000.0);
  EXPECT_EQ(quantity_from_text(" 1.5  min ", Dimension::Duration).amount, 90.0);
  EXPECT_EQ(quantity_from_text("2 d", Dimension::Duration).amount, 172800.0);
  EXPECT_EQ(quantity_from_text("0.5 kg", Dimension::Mass).amount, 500.0);
  EXPECT_EQ(quantity_from_text("381 g/kWh", Dimension::Intensity).amount, 381.0);
}

TEST(Quantity, IsNotGuessedWithoutAUnit) {
  const QuantityReading reading = quantity_from_text("5", Dimension::Energy);

  EXPECT_EQ(reading.amount, std::nullopt);
  EXPECT_EQ(reading.problem, "needs a unit: J, kJ, MJ, Wh or kWh, as in `5 kJ`; it is `5`");
}

TEST(Quantity, SaysWhichUnitWasMeant) {
  EXPECT_THAT(quantity_from_text("5 kj", Dimension::Energy).problem,
              HasSubstr("unknown unit `kj`; allowed: J, kJ, MJ, Wh or kWh; did you mean `kJ`?"));
  EXPECT_EQ(quantity_from_text("inf J", Dimension::Energy).amount, std::nullopt);
}

TEST(Money, KeepsItsCurrency) {
  const MoneyReading price = price_from_text("0.30 EUR/kWh");
  ASSERT_TRUE(price.money);
  EXPECT_EQ(price.money->amount, 0.30);
  EXPECT_EQ(price.money->currency, "EUR");
  EXPECT_EQ(price_from_text("90 EUR/MWh").money->amount, 0.09);
  EXPECT_EQ(money_from_text("0.05").money->currency, "");
  EXPECT_EQ(money_from_text("2 USD").money->currency, "USD");
}

TEST(Money, IsRefusedWithoutWhatItIsPer) {
  EXPECT_FALSE(price_from_text("0.30").money);
  EXPECT_FALSE(price_from_text("0.30 EUR").money);
  EXPECT_FALSE(price_from_text("0.30 euro/kWh").money);
  EXPECT_FALSE(money_from_text("five").money);
}

}  // namespace wattune::config
