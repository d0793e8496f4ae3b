#include "support/kill_replay.hpp"

#include <gtest/gtest.h>

#include "support/kill_cases.hpp"

namespace wattune {
namespace {

class KilledEngine : public ::testing::TestWithParam<KillCase> {};

std::string name_of(const ::testing::TestParamInfo<KillCase>& info) {
  return info.param.name;
}

/// Decides by chance of its own: what a strategy must not do.
class Moody final : public strategies::Strategy {
 public:
  strategies::Next next(const trial::History& history) override {
    if (history.trials().size() == 6 && history.num_running() == 0) {
      return strategies::Finished{"enough"};
    }
    if (history.trials().size() == 6) return strategies::Wait{};
    strategies::NewTrial fresh;
    fresh.configuration = *history.problem().space.sample(mood_);
    fresh.assignment = assignment_to(history.next_trial_id(), 0.0, 9.0);
    return fresh;
  }
  trial::Verdict decide(const trial::History&, TrialId) override {
    return trial::Verdict::Continue;
  }
  std::string progress(const trial::History&) const override { return "moody"; }
  std::vector<std::string> notes(const trial::History&) const override { return {}; }
  std::string describe() const override { return "moody"; }

 private:
  Rng mood_{1};
};

}  // namespace

TEST_P(KilledEngine, At500RandomMomentsDecidesAsIfNothingHadHappened) {
  const KillReport report = replay_kills(GetParam(), 500, 20261122);

  EXPECT_EQ(report.num_kills, 500U);
  EXPECT_GT(report.num_decisions, 1'000U);
  EXPECT_EQ(report.num_divergences, 0U) << report.first;
}

INSTANTIATE_TEST_SUITE_P(Strategies, KilledEngine, ::testing::ValuesIn(kill_cases()), name_of);

TEST(KillReplay, FindsAStrategyThatKeepsItsOwnMood) {
  KillCase moody{.name = "moody",
                 .problem = killed_problem(),
                 .make = [] { return std::make_unique<Moody>(); },
                 .runner = killed_trainings(killed_problem())};

  EXPECT_GT(replay_kills(moody, 20, 1).num_divergences, 0U);
}

}  // namespace wattune
