#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/runners/checkpoint_files.hpp"
#include "wattune/runners/runner.hpp"
#include "wattune/storage/storage.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/study/stop_signal.hpp"
#include "wattune/trial/budget.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::study {

/// Watches a study while it is run, for the live view.
class Observer {
 public:
  virtual ~Observer() = default;
  /// After the event is on disk and part of the history.
  virtual void on_event(const trial::Event& /*event*/, const trial::History& /*history*/) {}
  /// About once per tick.
  virtual void on_idle(const trial::History& /*history*/,
                       std::span<const runners::Running> /*running*/, std::string_view /*progress*/,
                       std::span<const trial::BudgetUse> /*budgets*/) {}
};

/// What a study is run with; everything is lent for the time of the run.
struct StudyParts {
  const trial::Problem& problem;
  strategies::Strategy& strategy;
  runners::Runner& runner;
  storage::Storage& storage;
  const Clock& clock;
  Observer& observer;
  trial::Budgets budgets = {};
  std::string environment = "{}";  ///< For SessionStarted.
  bool can_pause = true;  ///< Programs save checkpoints; else they are ended where others pause.
  Seconds tick{1.0};      ///< The observer hears something this often.
  runners::CheckpointFiles* checkpoints = nullptr;  ///< Without it checkpoints are left alone.
  bool deletes_checkpoints = true;                  ///< Those that nobody can need any more.
  double tolerance = 0.01;  ///< Quality within which the cheapest trial keeps its checkpoint.
};

/// What a session's checkpoints came to.
struct CheckpointUse {
  std::size_t num_kept = 0;  ///< Of the whole study.
  std::uintmax_t bytes_kept = 0;
  std::size_t num_deleted = 0;  ///< In this session.
  std::uintmax_t bytes_deleted = 0;
};

/// Why a run of the study came to its end.
struct StudyEnd {
  trial::EndReason reason = trial::EndReason::Finished;
  std::string text;     ///< For the screen; names the budget.
  bool has_run = true;  ///< False where there was nothing left to do; then nothing was written.
  CheckpointUse checkpoints = {};
};

/// Runs a study to its end, a budget's end or the user's wish, from the beginning or from where the
/// log leaves it.
///
/// Every event is on disk before anything acts on it. Trials that an earlier session left running
/// or unfinished are continued first, on the same assignment; what they report a second time is
/// charged but not decided again. A full disk is waited for half a minute.
///
/// Errors   Invalid    the log is of another problem, in words; a budget cannot be computed
///          Transient, Ended, Permission  events could not be stored; every trial was ended
[[nodiscard]] Result<StudyEnd> run_study(const StudyParts& parts, const StopSignal& stop);

/// Seed of a trial, 31 bits; depends on nothing else.
[[nodiscard]] std::uint32_t trial_seed(std::uint64_t study_seed, TrialId trial);
/// Seed of the finalists' trainings of this number: the same for every finalist.
[[nodiscard]] std::uint32_t repeat_seed(std::uint64_t study_seed, std::uint16_t number);

}  // namespace wattune::study
