#include "wattune/report/ledger.hpp"

#include <gtest/gtest.h>

#include "report/sample_study.hpp"

namespace wattune::report {
namespace {

using trial::Outcome;
using trial::Stage;

const Ledger::Entry* find(const std::vector<Ledger::Entry>& entries, const std::string& name) {
  for (const Ledger::Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Microjoules sum(const std::vector<Ledger::Entry>& entries) {
  Microjoules total;
  for (const Ledger::Entry& entry : entries) total += entry.energy.total();
  return total;
}

}  // namespace

TEST(Ledger, BooksEachStageApart) {
  SampleStudy study{5.0};
  const TrialId probe = study.create(trial::Origin::Probe, trial::Purpose::Probe);
  study.run(probe, 1.0, 0.5, 1.0, Outcome::Stopped, Stage::Probe);
  const TrialId trial = study.create();
  study.run(trial, 1.0, 0.6, 10.0, Outcome::Paused, Stage::Exploration, 0);
  study.run(trial, 2.0, 0.7, 20.0, Outcome::Paused, Stage::Exploration, 1);
  study.run(trial, 4.0, 0.8, 40.0, Outcome::Completed, Stage::Final, 2);

  const auto entries = study.record().ledger.entries();

  EXPECT_EQ(find(entries, "probe")->energy.total(), Microjoules{1'000'000});
  EXPECT_EQ(find(entries, "rung_0")->energy.total(), Microjoules{10'000'000});
  EXPECT_EQ(find(entries, "rung_1")->energy.total(), Microjoules{20'000'000});
  EXPECT_EQ(find(entries, "final")->energy.total(), Microjoules{40'000'000});
  EXPECT_EQ(find(entries, "idle")->energy.total(), Microjoules{5'000'000});
  EXPECT_EQ(find(entries, "failed"), nullptr);
  EXPECT_EQ(sum(entries), study.history().total_energy().total());
}

TEST(Ledger, WhatABudgetHasCutIsToldApartFromWhatFailed) {
  SampleStudy study;
  const TrialId own = study.create();
  study.run(own, 1.0, 0.6, 10.0, Outcome::Paused);
  study.run(own, 2.0, 0.6, 10.0, Outcome::StoppedBudget, Stage::Exploration, 1);
  study.run(study.create(), 1.0, 0.6, 5.0, Outcome::CutBudget);
  study.run(study.create(), 1.0, 0.6, 3.0, Outcome::FailedMetric);

  const auto entries = study.record().ledger.entries();

  EXPECT_EQ(find(entries, "cut")->energy.total(), Microjoules{25'000'000});
  EXPECT_EQ(find(entries, "cut")->num_trials, 2U);
  EXPECT_EQ(find(entries, "failed")->energy.total(), Microjoules{3'000'000});
  EXPECT_EQ(find(entries, "failed")->num_trials, 1U);
  EXPECT_EQ(find(entries, "rung_0"), nullptr);
  EXPECT_EQ(sum(entries), study.history().total_energy().total());
}

TEST(Ledger, WhatWasLostWithTheEngineIsNotedAndLeavesTheTotalKnown) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.8, 40.0, Outcome::Completed);
  const TrialId lost = study.create();
  study.apply(trial::Assigned{{lost, 0.0, 4.0, 0, 0, Stage::Exploration, std::nullopt}});
  study.apply(trial::AssignmentEnded{lost, Outcome::Lost, "", Seconds{}, missing_energy()});

  const Ledger& ledger = study.record().ledger;

  EXPECT_FALSE(ledger.total().is_missing());
  ASSERT_EQ(ledger.notes().size(), 1U);
  EXPECT_NE(ledger.notes().front().find("trial 1 was lost with its engine"), std::string::npos);
}

TEST(Ledger, BooksWhatWasMeasuredAgainApart) {
  SampleStudy study;
  const TrialId trial = study.create();
  study.run(trial, 4.0, 0.8, 40.0, Outcome::Completed);
  study.run(study.create_repeat(trial, 0), 4.0, 0.8, 41.0, Outcome::Completed, Stage::Finalist);
  study.run(study.create_repeat(trial, 1), 4.0, 0.8, 42.0, Outcome::Completed, Stage::Finalist);

  const auto entries = study.record().ledger.entries();

  EXPECT_EQ(find(entries, "finalists")->energy.total(), Microjoules{83'000'000});
  EXPECT_EQ(find(entries, "finalists")->num_trials, 2U);
  EXPECT_EQ(find(entries, "rung_0")->energy.total(), Microjoules{40'000'000});
  EXPECT_EQ(sum(entries), study.history().total_energy().total());
}

TEST(Ledger, MovesAllEnergyOfAFailedTrialToOneEntry) {
  SampleStudy study;
  const TrialId trial = study.create();
  study.run(trial, 1.0, 0.6, 10.0, Outcome::Paused, Stage::Exploration, 0);
  study.run(trial, 2.0, 0.7, 20.0, Outcome::FailedExit, Stage::Exploration, 1);

  const auto entries = study.record().ledger.entries();

  EXPECT_EQ(find(entries, "failed")->energy.total(), Microjoules{30'000'000});
  EXPECT_EQ(find(entries, "rung_0"), nullptr);
  EXPECT_EQ(sum(entries), study.history().total_energy().total());
}

TEST(Ledger, CountsRepeatedWork) {
  SampleStudy study;
  const TrialId trial = study.create();
  study.run(trial, 1.0, 0.6, 10.0, Outcome::Lost);
  study.apply(trial::Assigned{{trial, 0.0, 1.0, 0, 0, Stage::Exploration, std::nullopt}});
  study.apply(trial::WorkRepeated{trial, 1.0, Seconds{1.0}, SampleStudy::joules(9.0)});

  EXPECT_EQ(sum(study.record().ledger.entries()), Microjoules{19'000'000});
  EXPECT_EQ(study.record().ledger.total().total(), study.history().total_energy().total());
}

TEST(Ledger, MissingEnergyMakesTheTotalMissing) {
  SampleStudy study;
  study.apply(trial::OverheadBooked{Seconds{1.0}, SampleStudy::joules(0.0), missing_energy()});
  EXPECT_TRUE(study.record().ledger.total().is_missing());
}

TEST(Ledger, ShowsWhatTheWholeMachineDrewBesideWhatTrialsAreCharged) {
  Ledger ledger;
  const auto joules = [](std::int64_t amount) {
    EnergyFigure figure;
    figure.dynamic = Microjoules{amount * 1'000'000};
    return figure;
  };
  const TrialId trial{0};
  ledger.apply(trial::Assigned{{trial, 0.0, 1.0, 0, 0, Stage::Exploration, {}}});
  ledger.apply(trial::AssignmentMetered{trial, joules(30), 0.01, {}});
  ledger.apply(trial::AssignmentEnded{trial, Outcome::Completed, "", Seconds{1}, joules(20)});
  ledger.apply(trial::Assigned{{trial, 1.0, 2.0, 0, 0, Stage::Exploration, {}}});
  ledger.apply(trial::AssignmentMetered{trial, joules(12), 0.01, {}});
  ledger.apply(trial::AssignmentEnded{trial, Outcome::Completed, "", Seconds{1}, joules(10)});

  const auto entries = ledger.entries();
  EXPECT_EQ(find(entries, "rung_0")->energy.total(), Microjoules{30'000'000});
  EXPECT_EQ(find(entries, "rung_0")->node->total(), Microjoules{42'000'000});
  EXPECT_EQ(ledger.total().total(), Microjoules{30'000'000});
  EXPECT_TRUE(ledger.notes().empty());
}

TEST(Ledger, TellsOfBusyNeighboursAndOfMetersThatFailed) {
  Ledger ledger;
  for (std::uint32_t i = 0; i < 3; ++i) {
    ledger.apply(trial::Assigned{{TrialId{i}, 0.0, 1.0, 0, 0, Stage::Exploration, {}}});
    ledger.apply(trial::AssignmentMetered{TrialId{i}, {}, i == 0 ? 0.04 : 0.1 * i, {}});
  }
  ledger.apply(trial::AssignmentMetered{TrialId{1}, {}, {}, {"nvml:GPU-a: fell back"}});

  const std::vector<std::string> notes = ledger.notes();
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0], "trial 1: nvml:GPU-a: fell back");
  EXPECT_NE(notes[1].find("2 of 3 trials had company"), std::string::npos) << notes[1];
  EXPECT_NE(notes[1].find("at most 20 %, beside trial 2"), std::string::npos) << notes[1];
}

}  // namespace wattune::report
