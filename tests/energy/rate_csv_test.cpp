#include "wattune/energy/rate_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using testing::HasSubstr;
using testing::StartsWith;

/// A Saturday.
WallTime at(std::chrono::minutes since_midnight) {
  return WallTime{sys_days{std::chrono::year{2026} / 11 / 21}} + since_midnight;
}

std::string intensity_problem(std::string_view text) {
  const auto read = parse_intensity_csv(text, "hours.csv");
  EXPECT_FALSE(read) << text;
  return read ? "" : read.error().message;
}

std::string price_problem(std::string_view text) {
  const auto read = parse_price_csv(text, "tariff.csv");
  EXPECT_FALSE(read) << text;
  return read ? "" : read.error().message;
}

}  // namespace

TEST(RateCsv, ReadsTimesWithTheirZones) {
  const CarbonIntensity intensity = must(parse_intensity_csv(
      "# source: my grid\n# kind: direct marginal\nfrom,gram_per_kwh\n"
      "2026-11-21T14:00:00+01:00,381\n2026-11-21T14:00:00Z,90.5\r\n2026-11-21 16:00+01:00,100\n",
      "hours.csv"));
  EXPECT_EQ(intensity.rate.at(at(13h)), 381.0);
  EXPECT_EQ(intensity.rate.at(at(14h + 59min)), 90.5);
  EXPECT_EQ(intensity.rate.at(at(15h)), 100.0);
  EXPECT_EQ(intensity.rate.at(at(16h)), std::nullopt) << "the last row holds as long as the others";
  EXPECT_EQ(intensity.rate.at(at(12h)), std::nullopt);
  EXPECT_EQ(intensity.year, 2026);
  EXPECT_EQ(intensity.source, "my grid (hours.csv)");
  EXPECT_EQ(to_text(*intensity.kind), "direct marginal");
}

TEST(RateCsv, DoesNotGuessAKindThatNobodyNamed) {
  const CarbonIntensity intensity =
      must(parse_intensity_csv("from,until,gram_per_kwh\n2026-11-21T00:00Z,2026-11-21T01:00Z,10\n"
                               "2026-11-21T05:00Z,2026-11-21T06:30Z,20\n",
                               "hours.csv"));
  EXPECT_FALSE(intensity.kind);
  EXPECT_EQ(intensity.source, "hours.csv");
  EXPECT_EQ(intensity.rate.at(at(3h)), std::nullopt) << "a hole stays a hole";
  EXPECT_EQ(intensity.rate.at(at(6h)), 20.0);
}

TEST(RateCsv, ReadsTheHoursOfADay) {
  std::string text = "# year: 2025\n# utc_offset: +01:00\nhour,gram_per_kwh\n";
  for (int hour = 23; hour >= 0; --hour) {
    text += std::to_string(hour) + "," + std::to_string(100 + hour) + "\n";
  }
  const CarbonIntensity intensity = must(parse_intensity_csv(text, "day.csv"));
  EXPECT_EQ(intensity.rate.at(at(0h)), 101.0);
  EXPECT_EQ(intensity.rate.at(at(23h)), 100.0);
  EXPECT_EQ(intensity.rate.at(at(10 * 24h + 12h)), 113.0);
  EXPECT_EQ(intensity.year, 2025);
}

TEST(RateCsv, ReadsTheBandsOfATariff) {
  const Price price = must(parse_price_csv(
      "# currency: EUR\n# year: 2026\n# utc_offset: +01:00\ndays,from,until,price_per_kwh\n"
      "mon-fri,07:00,20:00,0.34\nmon-fri,20:00,07:00,0.22\nsat,07:00,24:00,0.25\nsun,00:00,24:00,-"
      "0.01\n",
      "tariff.csv"));
  EXPECT_EQ(price.currency, "EUR");
  EXPECT_EQ(price.rate.at(at(5h)), 0.22) << "Friday night goes over midnight";
  EXPECT_EQ(price.rate.at(at(6h)), 0.25);
  EXPECT_EQ(price.rate.at(at(23h)), -0.01) << "Sunday begins at 23:00 UTC";
  EXPECT_EQ(price.rate.at(at(2 * 24h)), std::nullopt) << "Monday before 7 is in no band";
  EXPECT_EQ(price.rate.at(at(2 * 24h + 6h)), 0.34);
}

TEST(RateCsv, TellsPlaceValueAndWhatIsAllowed) {
  EXPECT_EQ(intensity_problem("from,gram_per_kwh\n2026-11-21T00:00Z,10\n2026-11-21T01:00Z, abc\n"),
            "hours.csv:3:20: `abc` is no gram_per_kwh; allowed: a number from 0 to 3000");
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n2026-11-21T00:00,10\n2026-11-21T01:00Z,1\n"),
              StartsWith("hours.csv:2:1: `2026-11-21T00:00` has no zone; allowed: a time in ISO"));
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n2026-02-30T00:00Z,10\n2026-11-21T01:00Z,1\n"),
              HasSubstr("is no time"));
  EXPECT_THAT(intensity_problem("from,grams\n2026-02-20T00:00Z,10\n"),
              StartsWith("hours.csv:1:1: the columns `from,grams` are not known"));
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n2026-02-20T00:00Z,10,3\n"),
              StartsWith("hours.csv:2:"));
  EXPECT_THAT(intensity_problem("# kind: average\nfrom,until,gram_per_kwh\n"
                                "2026-11-21T00:00Z,2026-11-21T01:00Z,10\n"),
              StartsWith("hours.csv:1:9: `average` is no kind of carbon; allowed: life-cycle"));
  EXPECT_THAT(price_problem("# currency: EUR\n# year: 2026\n# utc_offset: Z\n"
                            "days,from,until,price_per_kwh\nmon-fry,00:00,24:00,0.3\n"),
              StartsWith("tariff.csv:5:1: `mon-fry` names no days"));
  EXPECT_THAT(price_problem("# currency: EUR\n# year: 2026\n# utc_offset: Z\n"
                            "days,from,until,price_per_kwh\nmon,00:00,25:00,0.3\n"),
              StartsWith("tariff.csv:5:11: `25:00` is no time of day"));
  EXPECT_THAT(
      price_problem("# currency: EUR\n# year: 2026\n# utc_offset: Z\n"
                    "days,from,until,price_per_kwh\nmon,00:00,12:00,0.3\nall,11:00,13:00,0.2\n"),
      StartsWith("tariff.csv:6:1: `all` overlaps"));
  EXPECT_THAT(intensity_problem(""), HasSubstr("no line of column names"));
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n"), HasSubstr("no rows"));
}

TEST(RateCsv, WantsToldWhatItWouldHaveToGuess) {
  EXPECT_THAT(price_problem("from,until,price_per_kwh\n2026-11-21T00:00Z,2026-11-21T01:00Z,10\n"),
              HasSubstr("# currency: ..."));
  EXPECT_THAT(price_problem("# currency: euro\nfrom,until,price_per_kwh\n"
                            "2026-11-21T00:00Z,2026-11-21T01:00Z,10\n"),
              HasSubstr("three capital letters"));
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n2026-11-21T00:00Z,10\n"),
              HasSubstr("how long it holds"));
  EXPECT_THAT(intensity_problem("from,gram_per_kwh\n2026-11-21T00:00Z,1\n2026-11-21T01:00Z,1\n"
                                "2026-11-21T03:00Z,1\n"),
              StartsWith("hours.csv:4:1: `2026-11-21T03:00Z` is 2 h"));
}

// Pitfall 32
TEST(RateCsv, RefusesADayOfHoursThatNamesNoYear) {
  std::string rows = "hour,gram_per_kwh\n";
  for (int hour = 0; hour < 24; ++hour) rows += std::to_string(hour) + ",100\n";
  EXPECT_THAT(intensity_problem("# utc_offset: Z\n" + rows), HasSubstr("# year: ..."));
  EXPECT_THAT(intensity_problem("# year: 2025\n" + rows), HasSubstr("# utc_offset: ..."));
  EXPECT_THAT(intensity_problem("# year: 25\n# utc_offset: Z\n" + rows), HasSubstr("is no year"));
  EXPECT_TRUE(parse_intensity_csv("# year: 2025\n# utc_offset: Z\n" + rows, "day.csv"));
  EXPECT_THAT(intensity_problem("# year: 2025\n# utc_offset: Z\n" + rows + "3,100\n"),
              HasSubstr("is there twice"));
}

TEST(RateCsv, ReadsFilesAndNamesThoseItCannotRead) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "hours.csv";
  EXPECT_EQ(read_intensity_csv(path).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(read_price_csv(folder.path()).error().kind, ErrorKind::Invalid);
  std::ofstream(path) << "from,until,gram_per_kwh\n2026-11-21T00:00Z,2026-11-21T01:00Z,12\n";
  EXPECT_EQ(must(read_intensity_csv(path)).rate.at(at(30min)), 12.0);
  EXPECT_THAT(must(read_intensity_csv(path)).source, HasSubstr("hours.csv"));
}

}  // namespace wattune::energy
