#include "wattune/study/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/event_text.hpp"
#include "support/fake_runner.hpp"
#include "support/forwarding_storage.hpp"
#include "support/must.hpp"
#include "support/sample_events.hpp"
#include "support/simple_halving.hpp"
#include "support/uniform_sampler.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/storage/memory.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/strategies/finalists.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using trial::EndReason;
using trial::Outcome;
using trial::Verdict;

constexpr std::size_t kNumTrials = 9;

/// What the engine would have heard from a process of its own goes with it.
struct Killed {};

/// One study on one log; every run is a new session with a new runner and a new strategy.
class Study : public ::testing::Test {
 public:
  Study() {
    problem_.objectives.resize(1);
    problem_.constraints.clear();
    problem_.seed = 7;
    options_.metrics = [](const runners::Launch& launch, double step) {
      const double lr = std::get<double>(launch.configuration[0]);
      return std::vector<trial::MetricValue>{{"val_accuracy", lr * step}};
    };
  }

  Result<StudyEnd> try_run() {
    runner_.emplace(clock_, options_);
    runner_->before_wait = before_wait_;
    SimpleHalving strategy(kNumTrials);
    const StudyParts parts{.problem = problem_,
                           .strategy = strategy_ == nullptr ? strategy : *strategy_,
                           .runner = *runner_,
                           .storage = storage_,
                           .clock = clock_,
                           .observer = observer_,
                           .budgets = budgets_,
                           .environment = "{}",
                           .can_pause = can_pause_,
                           .tick = Seconds{1.0}};
    return run_study(parts, *stop_);
  }
  StudyEnd run() { return must(try_run()); }

  /// Runs until the append that `when` is true of has been written, and no further.
  void run_and_kill(const std::function<bool(std::span<const trial::Event>)>& when) {
    storage_.after_append = [when](std::span<const trial::Event> events) {
      if (when(events)) throw Killed{};
    };
    EXPECT_THROW(static_cast<void>(try_run()), Killed);
    storage_.after_append = nullptr;
  }

  std::vector<trial::Event> log() const {
    std::vector<trial::Event> events;
    must(log_.read(0, [&](const trial::LoggedEvent& e) { events.push_back(e.event); }));
    return events;
  }
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const trial::Event& event : log()) {
      if (const auto* e = std::get_if<T>(&event)) found.push_back(*e);
    }
    return found;
  }
  trial::History history() const {
    trial::History folded(problem_);
    for (const trial::Event& event : log()) folded.apply(event);
    return folded;
  }
  /// What was decided: trials, assignments that are not repetitions, answers.
  std::vector<std::string> decisions() const {
    std::vector<std::string> texts;
    std::set<TrialId> seen;
    std::set<TrialId> paused;   // because it was decided
    std::set<TrialId> at_rest;  // and its process has ended so
    for (const trial::Event& event : log()) {
      bool is_decision = std::holds_alternative<trial::TrialCreated>(event);
      if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
        const TrialId id = assigned->assignment.trial;
        is_decision = seen.insert(id).second || at_rest.contains(id);
        if (is_decision) paused.erase(id);
        at_rest.erase(id);
      } else if (const auto* decided = std::get_if<trial::Decided>(&event)) {
        is_decision = true;
        if (decided->verdict == Verdict::Pause) paused.insert(decided->trial);
      } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
        if (ended->outcome == Outcome::Paused && paused.contains(ended->trial)) {
          at_rest.insert(ended->trial);
        }
      }
      if (is_decision) texts.push_back(EventText::of(event));
    }
    return texts;
  }
  std::vector<std::string> undisturbed_decisions() {
    Study other;
    other.options_ = options_;
    other.run();
    return other.decisions();
  }
  /// The scheduler of the program, which takes no stopped trial for a survivor.
  void halve_for_good() {
    composed_ = strategies::compose(
        std::make_unique<UniformSampler>(),
        schedulers::make_successive_halving(problem_.resource, {.num_trials = kNumTrials}));
    strategy_ = composed_.get();
    budgets_.trials = kNumTrials;
  }
  void TestBody() override {}

  trial::Problem problem_ = sample_problem();
  ManualClock clock_;
  FakeRunnerOptions options_;
  storage::MemoryStorage log_;
  ForwardingStorage storage_{log_};
  std::optional<StopSignal> stop_{std::in_place};
  trial::Budgets budgets_;
  bool can_pause_ = true;
  strategies::Strategy* strategy_ = nullptr;
  std::unique_ptr<strategies::Strategy> composed_;
  std::function<void()> before_wait_;
  std::optional<FakeRunner> runner_;
  struct Watching final : Observer {
    int num_events = 0;
    int num_idle = 0;
    std::vector<trial::BudgetUse> budgets;
    std::string progress;
    void on_event(const trial::Event&, const trial::History&) override { ++num_events; }
    void on_idle(const trial::History&, std::span<const runners::Running>, std::string_view text,
                 std::span<const trial::BudgetUse> uses) override {
      ++num_idle;
      progress = text;
      budgets.assign(uses.begin(), uses.end());
    }
  } observer_;
};

template <typename T>
std::function<bool(std::span<const trial::Event>)> nth(int count) {
  return [count](std::span<const trial::Event> events) mutable {
    for (const trial::Event& event : events) {
      if (std::holds_alternative<T>(event) && --count == 0) return true;
    }
    return false;
  };
}

}  // namespace

TEST_F(Study, RunsTheStrategyToItsEnd) {
  const StudyEnd end = run();

  EXPECT_EQ(end.reason, EndReason::Finished);
  EXPECT_EQ(end.text, "every rung is full");
  EXPECT_TRUE(end.has_run);
  EXPECT_EQ(history().trials().size(), kNumTrials);
  EXPECT_EQ(
      std::ranges::count(history().trials(), trial::TrialState::Completed, &trial::Trial::state),
      1);
  EXPECT_EQ(std::ranges::count(history().trials(), 1, &trial::Trial::rung), 2);
  EXPECT_EQ(all<trial::Decided>().size(), 9U + 3U);
}

TEST_F(Study, WritesItsEventsInTheOrderOfAStudysLife) {
  run();

  const auto events = log();
  EXPECT_TRUE(std::holds_alternative<trial::StudyCreated>(events[0]));
  EXPECT_TRUE(std::holds_alternative<trial::SessionStarted>(events[1]));
  EXPECT_TRUE(std::holds_alternative<trial::TrialCreated>(events[2]));
  EXPECT_TRUE(std::holds_alternative<trial::Assigned>(events[3]));
  EXPECT_TRUE(std::holds_alternative<trial::Reported>(events[4]));
  EXPECT_TRUE(std::holds_alternative<trial::Decided>(events[5]));
  EXPECT_TRUE(std::holds_alternative<trial::SessionEnded>(events.back()));
}

TEST_F(Study, WritesAnAssignmentBeforeItStartsIt) {
  storage_.before_append = [&](std::span<const trial::Event> events) -> Result<void> {
    for (const trial::Event& event : events) {
      if (std::holds_alternative<trial::Assigned>(event)) {
        EXPECT_EQ(runner_->launches().size(), all<trial::Assigned>().size());
      }
    }
    return {};
  };
  run();
  EXPECT_EQ(runner_->launches().size(), all<trial::Assigned>().size());
}

TEST_F(Study, ContinuesAPausedTrialFromItsCheckpointWithTheSameSeed) {
  run();

  const auto& launches = runner_->launches();
  const auto& promoted = launches[kNumTrials];
  ASSERT_TRUE(promoted.resume_from.has_value());
  EXPECT_EQ(promoted.resume_from->step, 1.0);
  EXPECT_EQ(promoted.assignment.from, 1.0);
  EXPECT_EQ(promoted.seed, launches[promoted.assignment.trial.number()].seed);
  EXPECT_EQ(promoted.seed, trial_seed(problem_.seed, promoted.assignment.trial));
  EXPECT_LT(promoted.seed, 1U << 31U);
  EXPECT_NE(launches[0].seed, launches[1].seed);
}

TEST_F(Study, TellsATrialWhereItsNextReportIsDue) {
  run();

  for (const auto& answer : runner_->answers()) {
    if (answer.verdict == Verdict::Continue) {
      EXPECT_EQ(answer.until, answer.step < 3.0 ? 3.0 : 9.0);
    }
  }
}

TEST_F(Study, RunsSeveralTrialsAtOnce) {
  options_.num_slots = 4;
  std::size_t most = 0;
  before_wait_ = [&] { most = std::max(most, runner_->running().size()); };

  EXPECT_EQ(run().reason, EndReason::Finished);
  EXPECT_EQ(most, 4U);
}

TEST_F(Study, AFailedTrialDoesNotStopTheOthers) {
  options_.failure = [](const runners::Launch& launch) {
    return launch.assignment.trial == TrialId{2} ? std::optional(Outcome::FailedExit)
                                                 : std::nullopt;
  };
  budgets_.trials = kNumTrials;
  struct Random final : strategies::Strategy {
    strategies::Next next(const trial::History& h) override {
      strategies::NewTrial fresh;
      fresh.assignment.trial = h.next_trial_id();
      fresh.assignment.to = 9.0;
      Rng rng(h.problem().seed, h.trials().size());
      fresh.configuration = h.problem().space.sample(rng).value();
      return fresh;
    }
    Verdict decide(const trial::History&, TrialId) override { return Verdict::Continue; }
    std::string progress(const trial::History&) const override { return ""; }
    std::vector<std::string> notes(const trial::History&) const override { return {}; }
    std::string describe() const override { return "random"; }
  } random;
  strategy_ = &random;

  const StudyEnd end = run();

  EXPECT_EQ(end.reason, EndReason::Budget);
  EXPECT_EQ(end.text, "the trials budget is used up: 9 of 9");
  EXPECT_EQ(history().trial(TrialId{2}).state(), trial::TrialState::Failed);
  EXPECT_GT(history().trial(TrialId{2}).energy().total(), Microjoules{});
  EXPECT_EQ(
      std::ranges::count(history().trials(), trial::TrialState::Completed, &trial::Trial::state),
      8);

  EXPECT_FALSE(run().has_run);  // the budget is still used up
  budgets_.trials = kNumTrials + 1;
  EXPECT_TRUE(run().has_run);
  EXPECT_EQ(history().trials().size(), kNumTrials + 1);
}

TEST_F(Study, MeasuresIdlePowerWhenTheStrategyAsks) {
  struct IdleFirst final : strategies::Strategy {
    strategies::Next next(const trial::History& h) override {
      if (!h.idle()) return strategies::MeasureIdle{Seconds{5}};
      return strategies::Finished{"measured"};
    }
    Verdict decide(const trial::History&, TrialId) override { return Verdict::Continue; }
    std::string progress(const trial::History&) const override { return ""; }
    std::vector<std::string> notes(const trial::History&) const override { return {}; }
    std::string describe() const override { return "idle"; }
  } idle_first;
  strategy_ = &idle_first;

  EXPECT_EQ(run().text, "measured");
  ASSERT_EQ(all<trial::IdleMeasured>().size(), 1U);
  EXPECT_EQ(all<trial::IdleMeasured>()[0].power, Watts{1.0});
}

TEST_F(Study, RunningAFinishedStudyAgainDoesNothingAndSaysSo) {
  run();
  const auto before = log().size();

  const StudyEnd end = run();

  EXPECT_FALSE(end.has_run);
  EXPECT_EQ(end.reason, EndReason::Finished);
  EXPECT_EQ(end.text, "every rung is full");
  EXPECT_EQ(log().size(), before);
}

TEST_F(Study, ADifferentProblemIsRefusedInWords) {
  run();
  problem_.resource.max = 10.0;

  const auto refused = try_run();

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("resource"));
}

TEST_F(Study, ALogWithoutItsStudyIsRefused) {
  must(log_.append(std::vector<trial::Event>{trial::SessionStarted{"{}"}}, WallTime{}));

  EXPECT_EQ(try_run().error().kind, ErrorKind::Invalid);
}

TEST_F(Study, TheObserverSeesEveryEventAndTheBudgets) {
  budgets_.energy = Joules{1e6};
  run();

  EXPECT_EQ(observer_.num_events, static_cast<int>(log().size()));
  EXPECT_GT(observer_.num_idle, 5);
  EXPECT_EQ(observer_.progress, "9 trials");
  ASSERT_EQ(observer_.budgets.size(), 1U);
  EXPECT_NEAR(observer_.budgets[0].used, history().total_energy().total().joules().value(), 1e-9);
}

TEST_F(Study, NeverWaitsMoreOftenThanItHearsSomethingOrTicks) {
  options_.per_step = Seconds{3.0};
  run();

  const double seconds = elapsed(MonotonicTime{}, clock_.now()).value();
  const auto num_news =
      static_cast<double>(all<trial::Reported>().size() + all<trial::AssignmentEnded>().size());
  EXPECT_LE(runner_->num_waits(), seconds + num_news + 1.0);
}

// --- budgets and stopping -----------------------------------------------------------------------

TEST_F(Study, TheEnergyBudgetPausesAtTheNextReportAndNamesItself) {
  budgets_.energy = Joules{25.0};  // 2 J per report

  const StudyEnd end = run();

  EXPECT_EQ(end.reason, EndReason::Budget);
  EXPECT_THAT(end.text, StartsWith("the energy budget is used up: 26.0 J of 25.0 J"));
  EXPECT_EQ(history().num_running(), 0U);
  EXPECT_LE(history().total_energy().total().joules().value(), 25.0 + 2.0);
}

TEST_F(Study, WithSeveralTrialsABudgetIsOvershotByAtMostOneReportEach) {
  budgets_.energy = Joules{25.0};
  options_.num_slots = 3;

  EXPECT_EQ(run().reason, EndReason::Budget);
  EXPECT_LE(history().total_energy().total().joules().value(), 25.0 + 3 * 2.0);
}

TEST_F(Study, TheTimeBudgetCountsEverySession) {
  budgets_.time = Seconds{10.0};
  EXPECT_EQ(run().reason, EndReason::Budget);
  EXPECT_LE(elapsed(MonotonicTime{}, clock_.now()).value(), 11.0 + 1e-9);

  budgets_.time = Seconds{15.0};
  EXPECT_EQ(run().reason, EndReason::Budget);
  EXPECT_LE(elapsed(MonotonicTime{}, clock_.now()).value(), 16.0 + 1e-9);
}

TEST_F(Study, ALargerBudgetGoesOnWithTheSameDecisions) {
  for (int joules = 5; joules < 42; joules += 7) {
    budgets_.energy = Joules{static_cast<double>(joules)};
    EXPECT_EQ(run().reason, EndReason::Budget);
  }
  budgets_.energy.reset();
  EXPECT_EQ(run().reason, EndReason::Finished);

  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, ABudgetThatIsStillUsedUpWritesNothing) {
  budgets_.energy = Joules{25.0};
  run();
  const auto before = log().size();

  EXPECT_FALSE(run().has_run);
  EXPECT_EQ(log().size(), before);
}

TEST_F(Study, ProgramsThatCannotPauseAreCutAtTheBudget) {
  can_pause_ = false;
  budgets_.energy = Joules{25.0};
  options_.num_slots = 2;

  EXPECT_EQ(run().reason, EndReason::Budget);
  EXPECT_THAT(runner_->answers().back().step, ::testing::Le(9.0));
  EXPECT_EQ(all<trial::AssignmentEnded>().back().outcome, Outcome::CutBudget);
}

TEST_F(Study, ABudgetIsSeenToEndBetweenTwoReports) {
  can_pause_ = false;
  options_.tells_unbooked = true;
  options_.per_step = Seconds{100.0};
  budgets_.energy = Joules{25.0};  // 2 W

  EXPECT_EQ(run().reason, EndReason::Budget);

  EXPECT_NEAR(elapsed(MonotonicTime{}, clock_.now()).value(), 12.5, 0.1);
  const auto end = all<trial::AssignmentEnded>().back();
  EXPECT_EQ(end.outcome, Outcome::CutBudget);
  EXPECT_THAT(end.detail, StartsWith("the energy budget is used up: 25."));
  EXPECT_GE(history().total_energy().total().joules().value(), 25.0);
}

TEST_F(Study, ATrialIsStoppedByABudgetOfItsOwnAndKeepsItsReports) {
  halve_for_good();
  budgets_.per_trial.energy = Joules{5.0};  // 2 J per report: used up at the second rung, of 3

  EXPECT_EQ(run().reason, EndReason::Budget);

  std::size_t num_stopped = 0;
  for (const trial::AssignmentEnded& end : all<trial::AssignmentEnded>()) {
    if (end.outcome != Outcome::StoppedBudget) continue;
    ++num_stopped;
    const trial::History folded = history();
    const trial::Trial& trial = folded.trial(end.trial);
    EXPECT_EQ(end.detail, "its energy budget is used up: 6.00 J of 5.00 J");
    EXPECT_EQ(trial.state(), trial::TrialState::Stopped);
    EXPECT_EQ(trial.step(), 3.0);
    EXPECT_EQ(trial.energy().total().joules(), Joules{6.0});
    EXPECT_FALSE(trial::is_failure(*trial.outcome()));
    EXPECT_TRUE(folded.losses(trial).has_value());
  }
  EXPECT_EQ(num_stopped, 3U);
}

TEST_F(Study, ATrialOverItsBudgetStaysSoWhereTheEngineIsKilledBeforeItHasGone) {
  halve_for_good();
  budgets_.per_trial.time = Seconds{2.5};
  run_and_kill([](std::span<const trial::Event> events) {
    const auto* decided = std::get_if<trial::Decided>(&events.front());
    return decided != nullptr && decided->verdict == Verdict::Stop;
  });

  EXPECT_EQ(run().reason, EndReason::Budget);

  const auto ends = all<trial::AssignmentEnded>();
  EXPECT_EQ(std::ranges::count(ends, Outcome::Lost, &trial::AssignmentEnded::outcome), 0);
  EXPECT_EQ(std::ranges::count(ends, Outcome::StoppedBudget, &trial::AssignmentEnded::outcome), 3);
}

TEST_F(Study, AProgramThatCannotPauseIsEndedAtItsOwnBudget) {
  halve_for_good();
  can_pause_ = false;
  options_.tells_unbooked = true;
  options_.per_step = Seconds{10.0};
  budgets_.per_trial.time = Seconds{25.0};

  EXPECT_EQ(run().reason, EndReason::Budget);

  const auto ends = all<trial::AssignmentEnded>();
  EXPECT_EQ(std::ranges::count(ends, Outcome::StoppedBudget, &trial::AssignmentEnded::outcome), 3);
  for (const trial::Trial& trial : history().trials()) {
    EXPECT_LE(trial.duration().value(), 25.0 + 0.1);
  }
}

TEST_F(Study, WhatIsLeftToBookIsBookedBeforeTheSessionEnds) {
  before_wait_ = [&] {
    if (runner_->num_waits() > 10) clock_.advance(Seconds{1.0});
  };
  run();

  EXPECT_EQ(history().total_duration(), elapsed(MonotonicTime{}, clock_.now()));
}

TEST_F(Study, StoppedOnceItPausesAtTheNextReportAndGoesOnLater) {
  options_.report_every = 0.5;
  before_wait_ = [&] {
    if (runner_->num_waits() == 30) stop_->request();
  };
  const StudyEnd end = run();
  EXPECT_EQ(end.reason, EndReason::Interrupted);
  EXPECT_EQ(history().num_running(), 0U);
  EXPECT_EQ(all<trial::AssignmentEnded>().back().outcome, Outcome::Paused);

  before_wait_ = nullptr;
  stop_.emplace();
  EXPECT_EQ(run().reason, EndReason::Finished);
  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, StoppedTwiceItEndsNowAndGoesOnLater) {
  options_.per_step = Seconds{100.0};
  before_wait_ = [&] {
    if (runner_->num_waits() == 30 || runner_->num_waits() == 32) stop_->request();
  };
  EXPECT_EQ(run().reason, EndReason::Interrupted);
  EXPECT_EQ(all<trial::AssignmentEnded>().back().outcome, Outcome::Interrupted);
  EXPECT_LT(elapsed(MonotonicTime{}, clock_.now()).value(), 40.0);

  before_wait_ = nullptr;
  stop_.emplace();
  EXPECT_EQ(run().reason, EndReason::Finished);
  EXPECT_EQ(decisions(), undisturbed_decisions());
}

// --- cut off and resumed ------------------------------------------------------------------------

TEST_F(Study, ATrialThatWasRunningIsClosedAsLostAndContinuedFirst) {
  run_and_kill(nth<trial::Assigned>(4));

  EXPECT_EQ(run().reason, EndReason::Finished);

  EXPECT_EQ(runner_->launches().front().assignment.trial, TrialId{3});
  EXPECT_EQ(std::ranges::count(all<trial::AssignmentEnded>(), Outcome::Lost,
                               &trial::AssignmentEnded::outcome),
            1);
  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, CutOffAfterAnyAppendItEndsWithTheSameDecisions) {
  options_.report_every = 0.5;
  const auto expected = undisturbed_decisions();
  for (const bool has_checkpoints : {false, true}) {
    for (int i = 1;; ++i) {
      Study study;
      study.options_ = options_;
      study.options_.checkpoints_at_reports = has_checkpoints;
      int num_appends = 0;
      study.storage_.after_append = [&](std::span<const trial::Event>) {
        if (++num_appends == i) throw Killed{};
      };
      try {
        study.run();
        break;  // it ends in fewer appends
      } catch (const Killed&) {
      }
      study.storage_.after_append = nullptr;
      study.run();
      ASSERT_EQ(study.decisions(), expected) << "killed after append " << i;
    }
  }
}

TEST_F(Study, WorkDoneAgainIsChargedButNeitherReportedNorDecidedAgain) {
  run_and_kill([&](std::span<const trial::Event> events) {
    const auto* reported = std::get_if<trial::Reported>(&events.front());
    return reported != nullptr && reported->step == 6.0;  // paused last at 3
  });
  const Microjoules before = history().total_energy().total();
  const std::size_t num_decided = all<trial::Decided>().size();

  run();

  const auto repeated = all<trial::WorkRepeated>();
  ASSERT_EQ(repeated.size(), 3U);
  EXPECT_EQ(repeated[0].step, 4.0);
  EXPECT_EQ(repeated[2].step, 6.0);
  EXPECT_EQ(all<trial::Decided>().size(), num_decided);
  // Steps 4 to 9 at 2 J each: three again, three for the first time.
  EXPECT_EQ((history().total_energy().total() - before).count(), 12'000'000);
  const trial::Trial& winner = history().trial(repeated[0].trial);
  EXPECT_EQ(winner.reports().size(), 9U);
  EXPECT_EQ(winner.energy().total().count(), (9 + 3) * 2'000'000);
}

TEST_F(Study, APauseThatWasWrittenIsNotAskedForAgainWhereItsCheckpointIsSafe) {
  options_.checkpoints_at_reports = true;
  run_and_kill(nth<trial::Decided>(5));

  run();

  EXPECT_EQ(runner_->launches().front().assignment.trial, TrialId{5});
  EXPECT_TRUE(all<trial::WorkRepeated>().empty());
  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, AReportThatWasWrittenButNotAnsweredIsDecidedOnResume) {
  run_and_kill(nth<trial::Reported>(5));
  EXPECT_EQ(all<trial::Decided>().size(), 4U);

  run();

  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, ATrialLostAfterItsLastReportIsComplete) {
  run_and_kill([&](std::span<const trial::Event> events) {
    const auto* reported = std::get_if<trial::Reported>(&events.front());
    return reported != nullptr && reported->step == 9.0;
  });

  run();

  EXPECT_TRUE(runner_->launches().empty());
  EXPECT_EQ(
      std::ranges::count(history().trials(), trial::TrialState::Completed, &trial::Trial::state),
      1);
}

TEST_F(Study, TheWindowThatWasLostIsSaidInTheUncertainty) {
  run_and_kill(nth<trial::Reported>(10));  // the second report of the first promotion
  run();

  const auto ends = all<trial::AssignmentEnded>();
  const auto lost = std::ranges::find(ends, Outcome::Lost, &trial::AssignmentEnded::outcome);
  ASSERT_NE(lost, ends.end());
  EXPECT_EQ(lost->energy.total(), Microjoules{});
  EXPECT_DOUBLE_EQ(lost->energy.uncertainty.value(), 2.0);
}

TEST_F(Study, WhatALostTrialDrewBeforeItsFirstReportIsUnknownUntilItBeginsAnew) {
  run_and_kill(nth<trial::Assigned>(4));
  storage_.after_append = [&](std::span<const trial::Event> events) {
    const auto* end = std::get_if<trial::AssignmentEnded>(&events.back());
    if (end != nullptr && end->outcome == Outcome::Lost) throw Killed{};
  };
  EXPECT_THROW(static_cast<void>(try_run()), Killed);
  storage_.after_append = nullptr;

  EXPECT_EQ(all<trial::AssignmentEnded>().back().energy, missing_energy());
  EXPECT_TRUE(history().trial(TrialId{3}).energy().is_missing());
  EXPECT_FALSE(history().total_energy().is_missing());

  run();
  EXPECT_FALSE(history().trial(TrialId{3}).energy().is_missing());
  EXPECT_GE(history().trial(TrialId{3}).energy().total().joules(), Joules{2.0});
}

TEST_F(Study, ACutOffSessionKeepsItsSlotsBusyAgain) {
  options_.num_slots = 3;
  run_and_kill(nth<trial::Assigned>(3));
  std::size_t most = 0;
  before_wait_ = [&] { most = std::max(most, runner_->running().size()); };

  EXPECT_EQ(run().reason, EndReason::Finished);

  EXPECT_EQ(most, 3U);
  EXPECT_EQ(history().trials().size(), kNumTrials);
}

// --- storage that fails -------------------------------------------------------------------------

TEST_F(Study, WaitsUntilTheRunnerIsReadyAndSaysWhatFor) {
  int num_left = 3;
  options_.prepare = [&num_left] {
    if (num_left-- > 0) return runners::Preparation{false, "cooling down", {}};
    return runners::Preparation{};
  };
  std::string progress;
  storage_.after_append = [&](std::span<const trial::Event> events) {
    const bool has_begun = std::ranges::any_of(events, [](const trial::Event& event) {
      return std::holds_alternative<trial::Assigned>(event);
    });
    if (has_begun && progress.empty()) progress = observer_.progress;
  };

  run();

  EXPECT_EQ(progress, "cooling down");
  EXPECT_EQ(history().trials().size(), kNumTrials);
}

TEST_F(Study, WhatHappensWhileItWaitsIsWrittenToo) {
  bool is_first = true;
  options_.prepare = [&is_first] {
    if (!std::exchange(is_first, false)) return runners::Preparation{};
    return runners::Preparation{
        false, "cooling down", {trial::OverheadBooked{Seconds{1}, {}, joules_figure(4, 0)}}};
  };
  run();

  int num_booked = 0;
  for (const auto& booked : all<trial::OverheadBooked>()) {
    num_booked += booked.rest == joules_figure(4, 0) ? 1 : 0;
  }
  EXPECT_EQ(num_booked, 1);
}

TEST_F(Study, StoppedWhileItWaitsItStartsNothing) {
  options_.prepare = [this] {
    stop_->request();
    return runners::Preparation{false, "cooling down", {}};
  };

  EXPECT_EQ(run().reason, EndReason::Interrupted);

  EXPECT_TRUE(history().trials().empty());
}

namespace {

std::unique_ptr<strategies::Strategy> halving_then_finalists() {
  return strategies::with_finalists(std::make_unique<SimpleHalving>(kNumTrials),
                                    {.count = 2, .repeats = 2});
}

/// Which trainings count, by trial of the search and number.
std::set<std::pair<std::uint32_t, int>> measured_again(const trial::History& history) {
  std::set<std::pair<std::uint32_t, int>> all;
  for (const trial::Finalist& finalist : trial::finalists_of(history)) {
    for (const auto& [number, id] : finalist.again) all.emplace(finalist.of.number(), number);
  }
  return all;
}

}  // namespace

// Pitfall 24
TEST_F(Study, FinalistsOfTheSameNumberHaveTheSameSeedAndOthersAnother) {
  const auto strategy = halving_then_finalists();
  strategy_ = strategy.get();
  run();

  std::map<int, std::set<std::uint32_t>> seeds;
  for (const runners::Launch& launch : runner_->launches()) {
    const auto repeat = history().trial(launch.assignment.trial).repeat();
    if (repeat) seeds[repeat->number].insert(launch.seed);
  }
  ASSERT_EQ(seeds.size(), 2U);
  EXPECT_EQ(seeds[0].size(), 1U);
  EXPECT_EQ(seeds[1].size(), 1U);
  EXPECT_NE(*seeds[0].begin(), *seeds[1].begin());
}

TEST_F(Study, CutOffAfterAnyAppendTheSameFinalistsAreMeasuredInOnePiece) {
  Study undisturbed;
  const auto strategy = halving_then_finalists();
  undisturbed.strategy_ = strategy.get();
  undisturbed.run();
  const auto expected = measured_again(undisturbed.history());
  ASSERT_EQ(expected.size(), 4U);
  const auto all_events = undisturbed.log();
  const auto first = std::ranges::find_if(all_events, [](const trial::Event& event) {
    const auto* created = std::get_if<trial::TrialCreated>(&event);
    return created != nullptr && created->repeat.has_value();
  });

  int num_begun_anew = 0;
  for (auto end = first - all_events.begin(); end < std::ssize(all_events); ++end) {
    Study study;
    std::size_t num_written = 0;
    auto killed = halving_then_finalists();
    study.strategy_ = killed.get();
    const auto is_there = [&](std::span<const trial::Event> events) {
      num_written += events.size();
      return num_written > static_cast<std::size_t>(end);
    };
    study.run_and_kill(is_there);
    const auto resumed = halving_then_finalists();
    study.strategy_ = resumed.get();
    study.run();

    EXPECT_EQ(measured_again(study.history()), expected) << "cut off after " << end;
    num_begun_anew += static_cast<int>(study.history().num_finalist_trials()) - 4;
    for (const trial::Trial& trial : study.history().trials()) {
      if (trial.repeat().has_value()) {
        EXPECT_EQ(trial.num_assignments(), 1U);
      }
    }
  }
  EXPECT_GT(num_begun_anew, 4);
}

TEST_F(Study, FinalistsComeOnTopOfTheTrialsOfTheBudget) {
  budgets_.trials = 5;
  const auto strategy = strategies::with_finalists(std::make_unique<SimpleHalving>(100),
                                                   {.count = 2, .repeats = 1, .budgets = budgets_});
  strategy_ = strategy.get();

  const StudyEnd end = run();

  EXPECT_EQ(end.reason, EndReason::Finished);
  EXPECT_EQ(history().trials().size() - history().num_finalist_trials(), 5U);
  EXPECT_EQ(measured_again(history()).size(), 2U);
  EXPECT_FALSE(run().has_run);
}

TEST_F(Study, WaitsForAFullDiskAndLosesNothing) {
  int num_refused = 0;
  storage_.before_append = [&](std::span<const trial::Event> events) -> Result<void> {
    if (std::holds_alternative<trial::Reported>(events.front()) && ++num_refused % 3 != 0) {
      return fail(ErrorKind::Transient, "disk full");
    }
    return {};
  };

  EXPECT_EQ(run().reason, EndReason::Finished);

  EXPECT_GT(num_refused, 10);
  storage_.before_append = nullptr;
  EXPECT_EQ(decisions(), undisturbed_decisions());
}

TEST_F(Study, GivesUpOnADiskThatStaysFullAndEndsItsTrials) {
  storage_.before_append = [&](std::span<const trial::Event> events) -> Result<void> {
    if (std::holds_alternative<trial::Reported>(events.front())) {
      return fail(ErrorKind::Transient, "disk full");
    }
    return {};
  };
  options_.num_slots = 2;

  const auto failed = try_run();

  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "disk full");
  EXPECT_TRUE(runner_->running().empty());

  storage_.before_append = nullptr;
  EXPECT_EQ(run().reason, EndReason::Finished);
}

TEST_F(Study, DoesNotWaitForAStorageThatHasGone) {
  storage_.before_append = [&](std::span<const trial::Event> events) -> Result<void> {
    if (std::holds_alternative<trial::Decided>(events.front())) {
      return fail(ErrorKind::Ended, "removed");
    }
    return {};
  };

  EXPECT_EQ(try_run().error().kind, ErrorKind::Ended);
  EXPECT_TRUE(runner_->running().empty());
  EXPECT_LT(elapsed(MonotonicTime{}, clock_.now()).value(), 3.0);
}

// --- seconds and joules ------------------------------------------------------------------------

/// 2 J a second and a step: rungs at 4 J, 12 J and 36 J are 2, 6 and 18 steps.
class JoulesStudy : public Study {
 public:
  JoulesStudy() {
    problem_.resource = {trial::ResourceUnit::Joules, 4.0, 36.0};
    options_.max_step = 1e6;
  }
};

TEST_F(JoulesStudy, ATrialPausesAndEndsWhereItHasUsedEnough) {
  run();
  std::map<trial::TrialState, int> num_in_state;
  const trial::History folded = history();
  for (const trial::Trial& trial : folded.trials()) {
    ++num_in_state[trial.state()];
    const double most = trial.rung() == 0 ? 4.0 : trial.rung() == 1 ? 12.0 : 36.0;
    EXPECT_EQ(trial.step(), most);
    EXPECT_EQ(trial.program_step(), most / 2.0);
  }
  EXPECT_EQ(num_in_state[trial::TrialState::Completed], 1);
  EXPECT_EQ(num_in_state[trial::TrialState::Paused], 8);
}

TEST_F(JoulesStudy, AProgramIsToldStepsOfItsOwn) {
  run();
  for (const auto& launch : runner_->launches()) {
    if (!launch.resume_from) continue;
    EXPECT_EQ(launch.assignment.from, 2.0 * launch.resume_from->step);
  }
  for (const auto& answer : runner_->answers()) {
    if (answer.verdict != Verdict::Continue) continue;
    EXPECT_GT(answer.until, answer.step);
    EXPECT_LE(answer.until, std::min(2.0 * answer.step, 18.0));
  }
  EXPECT_EQ(runner_->answers().back().verdict, Verdict::Stop);
}

TEST_F(JoulesStudy, WorkDoneAgainIsChargedAndTheStudyGoesOn) {
  for (const int num_reports : {1, 5, 9, 20, 33}) {
    JoulesStudy killed;
    int num = 0;
    killed.run_and_kill([&](std::span<const trial::Event> events) {
      num += static_cast<int>(std::ranges::count_if(events, [](const trial::Event& event) {
        return std::holds_alternative<trial::Reported>(event);
      }));
      return num >= num_reports;
    });
    killed.run();
    const trial::History folded = killed.history();
    EXPECT_EQ(folded.trials().size(), kNumTrials);
    EXPECT_EQ(
        std::ranges::count(folded.trials(), trial::TrialState::Completed, &trial::Trial::state), 1);
  }
}

}  // namespace wattune::study
