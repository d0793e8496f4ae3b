#include "wattune/report/advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/sample_study.hpp"
#include "support/problems.hpp"

namespace wattune::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using trial::Outcome;

space::Parameter whole(std::int64_t low, std::int64_t high, bool log = false) {
  space::Parameter parameter;
  parameter.name = "units";
  parameter.domain = space::IntDomain{low, high, log, 1};
  return parameter;
}

/// A study whose one trial has these values.
SampleStudy study_at(double lr, double momentum, std::int64_t layers) {
  trial::Problem problem = SampleStudy::problem();
  problem.space = space::Space{{float_parameter("lr", 1e-4, 1.0, true, lr),
                                float_parameter("momentum", 0.0, 1.0, false, momentum),
                                int_parameter("layers", 1, 5, layers)}};
  SampleStudy study(problem);
  study.run(study.create(), 4.0, 0.9, 10.0, Outcome::Completed);
  return study;
}

}  // namespace

TEST(LogScaleAdvice, IsForMoreThanTwoDecadesWithoutOne) {
  EXPECT_FALSE(log_scale_advice(float_parameter("lr", 1e-3, 0.1)));
  EXPECT_FALSE(log_scale_advice(float_parameter("lr", 1e-5, 0.1, true)));
  EXPECT_FALSE(log_scale_advice(float_parameter("lr", 0.0, 0.1)));
  EXPECT_FALSE(log_scale_advice(float_parameter("lr", -10.0, 10.0)));
  EXPECT_FALSE(log_scale_advice(whole(1, 100)));
  EXPECT_TRUE(log_scale_advice(whole(1, 101)));
  EXPECT_FALSE(log_scale_advice(whole(1, 101, true)));
  EXPECT_THAT(*log_scale_advice(float_parameter("decay", 1e-5, 0.1)),
              AllOf(HasSubstr("`decay` spans 4 decades"), HasSubstr("`log: true`"),
                    HasSubstr("below 0.001")));
}

TEST(BoundsAdvice, IsForAWinnerOnSeveralBounds) {
  const auto of = [](const SampleStudy& study) {
    return bounds_advice(study.history(), TrialId{0});
  };
  EXPECT_FALSE(of(study_at(0.01, 0.5, 3)));
  EXPECT_FALSE(of(study_at(0.01, 0.5, 5))) << "one bound may be chance";
  EXPECT_FALSE(of(study_at(0.9, 0.97, 4))) << "near is not on";
  const auto two = of(study_at(0.99, 0.5, 1));
  ASSERT_TRUE(two);
  EXPECT_THAT(*two, AllOf(HasSubstr("2 ranges: lr (0.99; `high` is 1), layers (1; `low` is 1)"),
                          Not(HasSubstr("momentum"))));
  EXPECT_THAT(*of(study_at(1.02e-4, 0.995, 5)), HasSubstr("3 ranges"));
}

TEST(Advice, StandsInTheDocumentAndAmongItsMessages) {
  const SampleStudy study = study_at(0.99, 0.5, 1);
  const auto document = report_document(study.record(), {});

  ASSERT_EQ(document.at("advice").size(), 1U);
  EXPECT_EQ(document.at("messages").back(), document.at("advice").front());
}

TEST(Advice, TheDocumentTellsOfTrialsThatTheirOwnBudgetHasStopped) {
  SampleStudy study;
  study.run(study.create(), 4.0, 0.9, 10.0, Outcome::Completed);
  study.run(study.create(), 2.0, 0.9, 10.0, Outcome::StoppedBudget);
  const auto document = report_document(study.record(), {});

  EXPECT_THAT(document.at("messages").back().get<std::string>(),
              HasSubstr("1 of 2 trials was stopped by a budget of its own"));
  EXPECT_EQ(document.at("trials").at(1).at("outcome"), "stopped_budget");
  EXPECT_EQ(document.at("trials").at(1).at("state"), "stopped");
}

}  // namespace wattune::report
