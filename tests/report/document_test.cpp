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
