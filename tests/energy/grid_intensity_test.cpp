#include "wattune/energy/grid_intensity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "energy/sha256.hpp"
#include "support/must.hpp"
#include "wattune/energy/presets.hpp"

namespace wattune::energy {
namespace {

using testing::HasSubstr;

/// A table with a right checksum around these rows.
std::string table_of(const std::string& rows,
                     const std::string& columns = "zone,name,gram_per_kwh,year") {
  const std::string body = columns + "\n" + rows;
  return "# A table.\n# source: somebody\n# snapshot: 1\n# year: one in every row\n"
         "# kind: life-cycle average\n# licence: CC0\n# sha256: " +
         sha256_hex(body) + "\n" + body;
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
  EXPECT_EQ(std::ranges::count(table.rows, CarbonKind{}, &GridIntensity::kind), 214);
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
  EXPECT_THAT(table.find("DEU")->source, HasSubstr("Our World in Data"));
  EXPECT_THAT(table.find("DEU")->source, HasSubstr("CC-BY-4.0"));
}

TEST(GridTable, ShipsCloudRegionsWithYearSourceAndKindOfEach) {
  const GridTable table = must(shipped_grid_table());
  const GridIntensity* google = table.find("gcp:europe-west3");
  ASSERT_NE(google, nullptr);
  EXPECT_EQ(google->grams_per_kwh, 275.82);
  EXPECT_EQ(google->year, 2024);
  EXPECT_EQ(google->kind, (CarbonKind{CarbonScope::Direct, CarbonMargin::Average}));
  EXPECT_THAT(google->source, HasSubstr("Google"));
  EXPECT_NEAR(table.find("aws:us-east-1")->grams_per_kwh, 379.069, 1e-9);
  EXPECT_EQ(table.find("aws:us-east-1")->year, 2020);
  EXPECT_NEAR(table.find("azure:germanywestcentral")->grams_per_kwh, 338.66, 1e-9);
  EXPECT_EQ(table.find("azure:germanywestcentral")->year, 2021);
  EXPECT_EQ(table.find("aws:eu-central-1"), nullptr) << "its source names no year";
  EXPECT_EQ(table.rows.size(), 214u + 100u);
}

TEST(GridTable, HandsARowOnWithAllThatItRestsOn) {
  const GridTable table = must(shipped_grid_table());
  const CarbonIntensity intensity = intensity_of(*table.find("SWE"));
  EXPECT_EQ(intensity.zone, "SWE");
  EXPECT_EQ(intensity.year, 2023);
  EXPECT_EQ(intensity.kind, CarbonKind{});
  EXPECT_NEAR(*intensity.rate.constant(), 40.7, 0.1);
}

TEST(GridTable, FindsAZoneInAnyCase) {
  const GridTable table = must(parse_grid_table(table_of("DEU,Germany,381,2023\n")));
  EXPECT_EQ(table.find("deu"), &table.rows[0]);
  EXPECT_EQ(table.find("FRA"), nullptr);
}

// Pitfall 32
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

TEST(GridTable, RefusesAHeaderThatDoesNotTellAll) {
  const std::string good = table_of("DEU,Germany,381,2023\n");
  ASSERT_TRUE(parse_grid_table(good));
  for (const char* key : {"source", "snapshot", "year", "licence", "sha256", "kind"}) {
    std::string text = good;
    text.replace(text.find("# " + std::string(key) + ":"), 2, "# no ");
    const auto table = parse_grid_table(text);
    ASSERT_FALSE(table) << key;
    EXPECT_THAT(table.error().message, HasSubstr("# " + std::string(key) + ":"));
  }
}

// Pitfall 32
TEST(PuePresets, ShipWithYearAndSourceAndRefuseWhatHasNone) {
  const auto presets = must(shipped_pue_presets());
  const auto uptime = std::ranges::find(presets, "uptime-2024", &PuePreset::name);
  ASSERT_NE(uptime, presets.end());
  EXPECT_EQ(uptime->factor, 1.56);
  EXPECT_EQ(uptime->year, 2024);
  EXPECT_THAT(pue_of(*uptime).source, HasSubstr("Uptime Institute"));
  const std::string columns = "preset,name,pue,year,source";
  for (const char* row : {"a,A,1.5,,x\n", "a,A,0.9,2024,x\n", "a,A,1.5,2024,\n",
                          "a,A,1.5,2024,x\na,A,1.6,2024,x\n"}) {
    EXPECT_FALSE(parse_pue_presets(table_of(row, columns))) << row;
  }
  EXPECT_TRUE(parse_pue_presets(table_of("a,A,1.5,2024,x\n", columns)));
}

TEST(EmbodiedFactors, AddUpAsTheirSourceDoes) {
  const EmbodiedFactors factors = must(shipped_embodied_factors());
  EXPECT_EQ(factors.year, 2021);
  EXPECT_EQ(embodied_mass_g({}, factors), 1'000'000.0);
  EXPECT_EQ(embodied_mass_g({.cpus = 2, .gpus = 8, .ssds = 1, .hdds = 3}, factors),
            1'000'000.0 + 100'000.0 + 8 * 150'000.0 + 100'000.0 + 3 * 50'000.0);
  EXPECT_NEAR(embodied_mass_g({.memory_gb = 16.0 + 384.0}, factors), 1'533'000.0, 0.1);
  EXPECT_EQ(embodied_mass_g({.memory_gb = 8.0}, factors), 1'000'000.0);
}

TEST(EmbodiedFactors, RefuseATableThatLacksAComponent) {
  const std::string columns = "component,name,kg,year,source";
  EXPECT_THAT(parse_embodied_factors(table_of("server,S,1000,2021,x\n", columns)).error().message,
              HasSubstr("no row"));
  EXPECT_THAT(parse_embodied_factors(table_of("fan,F,1,2021,x\n", columns)).error().message,
              HasSubstr("no known component"));
}

}  // namespace wattune::energy
