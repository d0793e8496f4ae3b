#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "budget_watch.hpp"
#include "checkpoint_keeper.hpp"
#include "order_book.hpp"
#include "wattune/study/study.hpp"

namespace wattune::study {

/// One process running a study: from opening the log to the end of the session.
class Session {
 public:
  Session(const StudyParts& parts, const StopSignal& stop)
      : parts_(parts),
        stop_(stop),
        started_at_(parts.clock.now()),
        keeper_(parts.checkpoints, parts.deletes_checkpoints, parts.tolerance) {}

  Result<StudyEnd> run();

 private:
  /// The session is winding down, and why.
  struct Ending {
    trial::EndReason reason = trial::EndReason::Finished;
    std::string text;
  };
  /// A report that the trial waits on an answer to.
  struct Waiting {
    double step = 0.0;
    bool is_repeated = false;
  };

  Result<void> open();
  Result<void> read_log();
  /// What there is to say where nothing is left to do.
  std::optional<StudyEnd> nothing_to_do();
  Result<void> begin();
  void judge_running(std::vector<trial::Event>& events,
                     std::map<TrialId, trial::Verdict>& verdicts);
  trial::AssignmentEnded closing(TrialId trial, std::optional<trial::Verdict> verdict) const;
  void collect_unfinished();
  bool was_cut_short(TrialId trial, const Order& order) const;

  Result<void> loop();
  void look_for_end();
  Result<void> fill_slots();
  Result<bool> take_next(const strategies::Next& next);
  Result<void> create(const strategies::NewTrial& fresh);
  bool wait_until_ready();
  Result<void> assign(trial::Assignment assignment, std::vector<trial::Event> before = {});
  Result<void> gather();
  void mark_repeated_work(std::vector<trial::Event>& events) const;
  void mark_completed(std::vector<trial::Event>& events) const;
  static std::map<TrialId, Waiting> waiting_after(const std::vector<trial::Event>& events);
  Result<void> decide(const std::map<TrialId, Waiting>& waiting);
  trial::Verdict verdict_on(TrialId trial);
  void answer(TrialId trial, double step, trial::Verdict verdict);
  [[nodiscard]] static double program_step_at(const trial::Trial& trial, double position);
  void clean_checkpoints();
  void end_running(trial::Outcome outcome);
  void tell_observer(bool is_quiet);

  Result<void> append(const std::vector<trial::Event>& events);
  void apply(const trial::Event& event, WallTime at);
  Result<void> give_up(Error error);

  [[nodiscard]] bool may_create(trial::Purpose purpose) const;
  [[nodiscard]] std::uint32_t seed_of(const trial::Trial& trial) const;
  [[nodiscard]] Seconds running_time() const;
  [[nodiscard]] std::vector<trial::BudgetUse> uses(const EnergyFigure& unbooked = {}) const;
  [[nodiscard]] static std::optional<trial::BudgetUse> used_up(
      const std::vector<trial::BudgetUse>& uses);
  [[nodiscard]] runners::Unbooked unbooked() const;
  [[nodiscard]] std::vector<trial::BudgetUse> look_at_budgets();
  [[nodiscard]] std::optional<std::string> trial_used_up(
      TrialId trial, const runners::OpenWindow& open = {}) const;
  void end_trials_over_budget(const runners::Unbooked& unbooked);
  void name_cuts(std::vector<trial::Event>& events);
  [[nodiscard]] Seconds longest_wait() const;

  const StudyParts& parts_;
  const StopSignal& stop_;
  MonotonicTime started_at_;
  std::optional<trial::History> history_;
  OrderBook orders_;
  WallTime last_write_;
  Seconds earlier_time_;
  std::deque<TrialId> unfinished_;     // continued before the strategy is asked for anything new
  std::vector<trial::Event> backlog_;  // told by the runner while an append had to be repeated
  std::optional<Ending> ending_;
  std::optional<Ending> idle_end_;  // why no slot can be filled; ends the session if nothing runs
  bool has_ended_trials_ = false;
  std::optional<MonotonicTime> last_told_;
  BudgetWatch watch_;
  CheckpointKeeper keeper_;
  std::map<TrialId, std::string> cut_;  // trials that are being ended for their own budget, and why
};

}  // namespace wattune::study
