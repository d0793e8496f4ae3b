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

}  // namespace wattune::report
