#include "wattune/report/document.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/sample_study.hpp"

namespace wattune::report {

using trial::Outcome;

TEST(ReportDocument, EntriesOfTheLedgerAddUpToItsTotal) {
  SampleStudy study{5.0};
  study.run(study.create(trial::Origin::Default), 4.0, 0.9, 100.0, Outcome::Completed);
  study.run(study.create(), 1.0, 0.5, 10.0, Outcome::FailedExit);

  const auto document = report_document(study.record(), {});

  double sum = 0.0;
  for (const auto& entry : document["ledger"]["entries"])
    sum += entry["energy"]["value"].get<double>();
  EXPECT_DOUBLE_EQ(sum, document["ledger"]["total"]["value"].get<double>());
}

TEST(ReportDocument, MissingEnergyIsNullAndNeverZero) {
  SampleStudy study;
  const TrialId trial = study.create();
  study.apply(trial::Assigned{{trial, 0.0, 1.0, 0, 0, trial::Stage::Exploration, std::nullopt}});
  study.apply(
      trial::Reported{trial, 1.0, 0.0, Seconds{1.0}, missing_energy(), {{"accuracy", 0.5}}});

  const auto document = report_document(study.record(), {});

  const auto& out = document["trials"][0];
  EXPECT_TRUE(out["energy"]["value"].is_null());
  EXPECT_TRUE(out["curve"][0]["energy"].is_null());
  EXPECT_FALSE(out["objectives"].contains("energy"));
  EXPECT_EQ(out["objectives"]["accuracy"], 0.5);
}

TEST(ReportDocument, CarbonNamesZoneAndPue) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.9, 3.6e6, Outcome::Completed);
  const auto carbon = report_document(study.record(), {})["ledger"]["carbon"];
  EXPECT_DOUBLE_EQ(carbon["value"].get<double>(), 360.0);
  EXPECT_EQ(carbon["zone"], "TST");
  EXPECT_EQ(carbon["pue"], 1.0);
}

// Pitfall 32
TEST(ReportDocument, CarbonAndCostCarryAllThatTheyRestOn) {
  trial::Problem problem = SampleStudy::problem();
  problem.tariff.intensity = {energy::RateTable{381.0}, "DEU", 2023, "a table",
                              energy::CarbonKind{}};
  problem.tariff.price = {energy::RateTable{0.3}, "EUR", "study file"};
  problem.tariff.pue = {1.5, "a page"};
  SampleStudy study{problem};
  study.run(study.create(), 4.0, 0.9, 3.6e6, Outcome::Completed);
  const auto ledger = report_document(study.record(), {})["ledger"];
  const auto& carbon = ledger["carbon"];
  EXPECT_NEAR(carbon["value"].get<double>(), 1.5 * 381.0, 1e-9);
  EXPECT_NEAR(carbon["uncertainty"].get<double>(), 0.15 * 381.0, 1e-9);
  EXPECT_EQ(carbon["zone"], "DEU");
  EXPECT_EQ(carbon["year"], 2023);
  EXPECT_EQ(carbon["kind"], "life-cycle average");
  EXPECT_EQ(carbon["source"], "a table");
  EXPECT_EQ(carbon["pue_source"], "a page");
  EXPECT_EQ(carbon["basis"], "DEU 2023, 381 g/kWh, life-cycle average, PUE 1.5 (a page); a table");
  EXPECT_NEAR(ledger["cost"]["uncertainty"].get<double>(), 0.15 * 0.3, 1e-9);
  EXPECT_EQ(ledger["cost"]["basis"], "0.3 EUR/kWh, PUE 1.5 (a page); study file");
  EXPECT_TRUE(ledger["embodied"].is_null());
  EXPECT_TRUE(ledger["footprint_notes"].empty());
}

// Pitfall 34
TEST(ReportDocument, ShowsTheMachineBesideTheCarbonAndWithoutPue) {
  trial::Problem problem = SampleStudy::problem();
  problem.tariff.pue = {2.0, "a page"};
  SampleStudy plain{problem};
  plain.run(plain.create(), 4.0, 0.9, 3.6e6, Outcome::Completed);
  problem.tariff.embodied = {1e6, Seconds{1000.0}, 0.5, "a data sheet"};
  SampleStudy study{problem, 10.0};
  study.run(study.create(), 4.0, 0.9, 3.6e6 - 10.0, Outcome::Completed);
  const auto ledger = report_document(study.record(), {})["ledger"];
  // The second of the idle window is all the running time of this study.
  EXPECT_NEAR(ledger["embodied"]["value"].get<double>(), 1.0 / 1000.0 * 0.5 * 1e6, 1e-9);
  EXPECT_EQ(ledger["embodied"]["basis"],
            "1000 kg over 0.2777777777777778 h, share 0.5; a data sheet");
  EXPECT_EQ(ledger["carbon"]["value"],
            report_document(plain.record(), {})["ledger"]["carbon"]["value"]);
}

TEST(ReportDocument, SaysHowMuchEnergyATableOverTimeDoesNotCover) {
  const WallTime day{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
  trial::Problem problem = SampleStudy::problem();
  problem.tariff.intensity = {
      energy::RateTable::timed({{day, day + std::chrono::hours{1}, 100.0},
                                {day + std::chrono::hours{1}, day + std::chrono::hours{2}, 50.0}}),
      "", 2026, "hours.csv"};
  SampleStudy study{problem};
  study.run(study.create(), 4.0, 0.9, 3.6e6, Outcome::Completed);  // at the beginning of 1970
  const auto ledger = report_document(study.record(), {})["ledger"];
  EXPECT_TRUE(ledger["carbon"]["value"].is_null()) << "unknown, not 0 g";
  EXPECT_EQ(ledger["carbon"]["without_rate_j"], 3.6e6);
  EXPECT_TRUE(ledger["carbon"]["intensity"].is_null());
  EXPECT_EQ(ledger["carbon"]["intensity_range"], (nlohmann::json{50.0, 100.0}));
  EXPECT_TRUE(ledger["carbon"]["kind"].is_null());
  EXPECT_EQ(ledger["footprint_notes"][0],
            "carbon leaves out 3.60 MJ drawn at times for which hours.csv has no row, which covers "
            "2026-11-21T00:00:00Z to 2026-11-21T02:00:00Z");
}

TEST(ReportDocument, CurvesCarryCumulativeEnergy) {
  SampleStudy study;
  const TrialId trial = study.create();
  study.run(trial, 1.0, 0.5, 10.0, Outcome::Paused);
  study.run(trial, 2.0, 0.6, 10.0, Outcome::Paused);
  const auto curve = report_document(study.record(), {})["trials"][0]["curve"];
  EXPECT_DOUBLE_EQ(curve[1]["energy"].get<double>(), 20.0);
  EXPECT_EQ(curve[1]["metrics"]["accuracy"], 0.6);
}

}  // namespace wattune::report
