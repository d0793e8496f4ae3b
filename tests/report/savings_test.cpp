#include "wattune/report/savings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/sample_study.hpp"

namespace wattune::report {
namespace {

using ::testing::HasSubstr;
using trial::Origin;
using trial::Outcome;

std::vector<Saving> savings_of(const SampleStudy& study) {
  return savings(study.history(), recommend(study.history(), 0.01), 0.01);
}

}  // namespace

TEST(Savings, PaysAfterSearchEnergyOverSaving) {
  SampleStudy study{50.0};
  study.run(study.create(Origin::Default), 4.0, 0.90, 100.0, Outcome::Completed);
  study.run(study.create(), 4.0, 0.90, 25.0, Outcome::Completed);

  const auto list = savings_of(study);

  ASSERT_EQ(list.size(), 2U);  // the default is the best one as well: the older of equals
  const Saving& against_default = list.back();
  EXPECT_EQ(against_default.against, "default");
  EXPECT_EQ(against_default.energy.total(), Microjoules{75'000'000});
  EXPECT_DOUBLE_EQ(against_default.percent, 75.0);
  EXPECT_DOUBLE_EQ(*against_default.pays_after_trainings, 175.0 / 75.0);
  EXPECT_FALSE(against_default.is_projected);
}

TEST(Savings, ProjectsATrainingThatWasPaused) {
  SampleStudy study;
  study.run(study.create(Origin::Default), 1.0, 0.5, 50.0, Outcome::Paused);
  const TrialId ours = study.create();
  study.run(ours, 1.0, 0.6, 10.0, Outcome::Paused);
  study.run(ours, 4.0, 0.9, 30.0, Outcome::Completed);

  const Saving saving = savings_of(study).back();

  EXPECT_TRUE(saving.is_projected);
  EXPECT_EQ(saving.energy.total(), Microjoules{160'000'000});  // 4 x 50 J - 40 J
}

TEST(Savings, AreNotClaimedAgainstAFailedTrial) {
  SampleStudy study;
  study.run(study.create(Origin::Default), 1.0, 0.8, 1.0, Outcome::FailedExit);
  study.run(study.create(), 4.0, 0.9, 30.0, Outcome::Completed);
  EXPECT_THAT(*savings_of(study).back().why_not, HasSubstr("failed_exit"));
}

TEST(Savings, AreNotClaimedWhereTheOtherWasAheadAtTheSameStep) {
  SampleStudy study;
  study.run(study.create(Origin::Default), 1.0, 0.85, 1.0, Outcome::Paused);
  const TrialId ours = study.create();
  study.run(ours, 1.0, 0.5, 10.0, Outcome::Paused);
  study.run(ours, 4.0, 0.9, 30.0, Outcome::Completed);
  EXPECT_THAT(*savings_of(study).back().why_not, HasSubstr("0.35 behind"));
}

TEST(Savings, CompareFullTrainingsWhereBothWerePaused) {
  SampleStudy study;
  study.run(study.create(Origin::Default), 1.0, 0.5, 50.0, Outcome::Paused);
  study.run(study.create(), 1.0, 0.6, 10.0, Outcome::Paused);
  EXPECT_EQ(savings_of(study).back().energy.total(),
            Microjoules{160'000'000});  // 4 x (50 J - 10 J)
}

TEST(LedgerSentence, StatesCostSavingAndPayback) {
  SampleStudy study;
  study.run(study.create(Origin::Default), 4.0, 0.895, 100.0, Outcome::Completed);
  study.run(study.create(), 4.0, 0.90, 20.0, Outcome::Completed);
  const auto recommendations = recommend(study.history(), 0.01);
  const auto list = savings(study.history(), recommendations, 0.01);

  const std::string sentence = ledger_sentence(study.history(), recommendations, list);

  EXPECT_THAT(sentence, HasSubstr("The search cost 120 J ± 12.0 J (modelled)."));
  EXPECT_THAT(sentence, HasSubstr("saves 80.0 J ± 8.00 J (modelled) per training, 80 %"));
  EXPECT_THAT(sentence, HasSubstr("paid for itself after 2 trainings"));
}

TEST(LedgerSentence, AdmitsThatNothingWasReached) {
  EXPECT_THAT(ledger_sentence(SampleStudy{}.history(), {}, {}), HasSubstr("No trial has reached"));
}

}  // namespace wattune::report
