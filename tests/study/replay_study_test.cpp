#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/event_text.hpp"
#include "support/made_recordings.hpp"
#include "support/must.hpp"
#include "support/spaces.hpp"
#include "wattune/runners/replay.hpp"
#include "wattune/samplers/tpe.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/storage/memory.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/study/study.hpp"

// Studies that are played from records, from their beginning or from where they were killed.

namespace wattune::study {
namespace {

using trial::LoggedEvent;

trial::Problem problem_of(std::uint64_t seed) {
  trial::Problem problem{"replay", seed, fake::unit_cube(2), {}, {}, {}, {}, "tpe", "none"};
  problem.objectives = {{{trial::MeasureKind::Metric, "val_accuracy"}, trial::Direction::Maximize}};
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, 9.0};
  return problem;
}

struct Play {
  std::uint64_t seed = 1;
  std::size_t num_workers = 1;
  double crash_rate = 0.1;
};

/// Goes on with a log, or begins one.
std::vector<LoggedEvent> play(const Play& options, const std::vector<LoggedEvent>& log = {}) {
  storage::MemoryStorage storage;
  for (const LoggedEvent& logged : log)
    must(storage.append(std::span{&logged.event, 1}, logged.at));
  trial::Problem problem = problem_of(options.seed);
  const fake::MadeTrainings trainings{{.max_step = 9.0}};
  runners::VirtualClock clock{log.empty() ? WallTime{} : log.back().at};
  const auto runner = runners::make_replay_runner(
      trainings, clock,
      {.num_workers = options.num_workers,
       .max_step = 9.0,
       .failures = {.crash_rate = options.crash_rate, .seed = options.seed}});
  const auto strategy = strategies::compose(
      samplers::make_tpe(problem.space, {.num_startup = 6, .seed = options.seed}),
      schedulers::make_successive_halving(problem.resource, {.num_trials = 9}));
  problem.strategy = strategy->describe();
  Observer observer;
  const auto end = run_study({.problem = problem,
                              .strategy = *strategy,
                              .runner = *runner,
                              .storage = storage,
                              .clock = clock,
                              .observer = observer,
                              .budgets = {.trials = 18},
                              .environment = "{}",
                              .can_pause = true,
                              .tick = Seconds{1e6}},
                             StopSignal{});
  static_cast<void>(must(end));
  std::vector<LoggedEvent> all;
  must(storage.read(0, [&](const LoggedEvent& logged) { all.push_back(logged); }));
  return all;
}

std::vector<std::string> texts(const std::vector<LoggedEvent>& log) {
  std::vector<std::string> lines;
  for (const LoggedEvent& logged : log) {
    lines.push_back(std::to_string(logged.at.time_since_epoch().count()) + " " +
                    EventText::of(logged.event));
  }
  return lines;
}

/// All that became of every trial, without how often it was interrupted on the way, and how unsure
/// that makes its energy.
std::vector<std::string> trials(const std::vector<LoggedEvent>& log) {
  trial::History history{problem_of(1)};
  for (const LoggedEvent& logged : log) history.apply(logged.event, logged.at);
  std::vector<std::string> lines;
  for (const trial::Trial& trial : history.trials()) {
    std::string line = std::string{to_text(trial.state())} + " " +
                       std::to_string(trial.energy().total().count()) + " rung " +
                       std::to_string(trial.rung());
    for (const space::Value& value : trial.configuration().values()) line += EventText::of(value);
    for (std::size_t i = 0; i < trial.reports().size(); ++i) {
      line += fmt::format(" {}: {:a}", trial.reports()[i].step, *trial.metric(i, 0));
    }
    lines.push_back(line);
  }
  return lines;
}

TEST(ReplayStudy, GivesTheSameLogForTheSameSeedAndWorkers) {
  for (const std::size_t num_workers : {1U, 3U}) {
    const auto first = texts(play({.num_workers = num_workers}));
    EXPECT_EQ(first, texts(play({.num_workers = num_workers})));
    EXPECT_NE(first, texts(play({.seed = 2, .num_workers = num_workers})));
  }
}

TEST(ReplayStudy, TakesLessTimeWithMoreWorkersForTheSameJoulesPerTrial) {
  const auto one = play({.crash_rate = 0.0});
  const auto three = play({.num_workers = 3, .crash_rate = 0.0});

  EXPECT_LT(three.back().at, one.back().at);
}

TEST(ReplayStudy, ComesToTheSameTrialsWhereverItWasKilled) {
  const auto whole = play({});
  for (std::size_t cut = 2; cut < whole.size(); cut += 3) {
    // What happened together is on the disk together, or not at all.
    if (whole[cut].at == whole[cut - 1].at) continue;
    const std::vector<LoggedEvent> survived(whole.begin(),
                                            whole.begin() + static_cast<std::ptrdiff_t>(cut));
    const auto resumed = play({}, survived);

    ASSERT_EQ(trials(resumed), trials(whole)) << "killed after " << cut << " events";
    EXPECT_EQ(texts(resumed), texts(play({}, survived)));
  }
}

}  // namespace
}  // namespace wattune::study
