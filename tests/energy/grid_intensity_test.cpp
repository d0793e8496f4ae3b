#include "wattune/energy/grid_intensity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "energy/sha256.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::HasSubstr;

/// A table with a right checksum around these rows.
std::string table_of(const std::string& rows) {
  const std::string body = "zone,name,gram_per_kwh,year\n" + rows;
  return "# A table.\n# source: somebody\n# sha256: " + sha256_hex(body) + "\n" + body;
}

}  // namespace

TEST(Sha256, AgreesWithTheExamplesOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(GridTable, ShipsTheNumbersOfItsSource) {
  const GridTable table = must(shipped_grid_table());
  const auto grams = [&](std::string_view zone) { return table.find(zone)->grams_per_kwh; };
  EXPECT_EQ(table.rows.size(), 214u);
  EXPECT_NEAR(grams("FRA"), 56.0, 0.1);
  EXPECT_NEAR(grams("SWE"), 40.7, 0.1);
  EXPECT_NEAR(grams("GBR"), 237.6, 0.1);
  EXPECT_NEAR(grams("USA"), 369.5, 0.1);
  EXPECT_NEAR(grams("DEU"), 381.0, 0.1);
  EXPECT_NEAR(grams("POL"), 661.9, 0.1);
  EXPECT_NEAR(grams("CHN"), 582.3, 0.1);
  EXPECT_NEAR(grams("IND"), 713.4, 0.1);
  EXPECT_EQ(table.find("DEU")->year, 2023);
  EXPECT_EQ(table.find("WLD")->year, 2019);
  EXPECT_THAT(table.source, HasSubstr("Our World in Data"));
  EXPECT_THAT(table.source, HasSubstr("CC-BY-4.0"));
}

TEST(GridTable, FindsAZoneInAnyCase) {
  const GridTable table = must(parse_grid_table(table_of("DEU,Germany,381,2023\n")));
  EXPECT_EQ(table.find("deu"), &table.rows[0]);
  EXPECT_EQ(table.find("FRA"), nullptr);
}

TEST(GridTable, RefusesARowThatCannotBeTrusted) {
  for (const char* row :
       {"DEU,Germany,381,\n", "DEU,Germany,381\n", "DEU,Germany,,2023\n", "DEU,Germany,-1,2023\n",
        "DEU,Germany,381,23\n", "DEU,Germany,nan,2023\n", "DE,Germany,381,2023\n",
        "DEU,Germany,381 g,2023\n", "DEU,A,1,2023\nDEU,B,2,2023\n", "DEU,A,1,2023\n\n"}) {
    const auto table = parse_grid_table(table_of(row));
    ASSERT_FALSE(table) << row;
    EXPECT_EQ(table.error().kind, ErrorKind::Invalid);
  }
}

TEST(GridTable, RefusesRowsThatDoNotMatchTheirChecksum) {
  std::string text = table_of("DEU,Germany,381,2023\n");
  text.replace(text.find("381"), 3, "181");
  EXPECT_THAT(parse_grid_table(text).error().message, HasSubstr("checksum"));
  EXPECT_THAT(parse_grid_table("zone,name,gram_per_kwh,year\n").error().message,
              HasSubstr("source"));
}

}  // namespace wattune::energy
