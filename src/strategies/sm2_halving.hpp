#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "sm2_candidates.hpp"
#include "sm2_rungs.hpp"
#include "wattune/schedulers/bracket.hpp"

namespace wattune::strategies {

/// What becomes of the last survivor.
enum class Winner : bool { IsChosen, IsTrained };

/// One halving, followed as the history grows: who takes part in which rung, who is to run, who
/// won.
///
/// A cache: a new object that sees the same history says the same, because a settled rung never
/// changes. A promotion that was once made stands.
///
/// Cost     O(1) per candidate and assignment, amortised, and O(n log n) where a rung of n ends
class Halving {
 public:
  Halving(CandidatePlan plan, Ladder ladder, const Sm2Options& options, Winner winner)
      : plan_(std::move(plan)), ladder_(std::move(ladder)), options_(options), then_(winner) {}

  /// A candidate of rung 0.
  void add(const trial::History& history, TrialId trial);
  /// The first one, where it comes from another halving; rungs of this one that it has got to by
  /// then it need not run again.
  void carry(const trial::History& history, Carried carried);
  /// Nothing more can be added: rung 0 ends when its members have settled.
  void close() { is_closed_ = true; }

  /// Takes in what has ended since it was last asked.
  void follow(const trial::History& history);

  [[nodiscard]] const CandidatePlan& plan() const { return plan_; }
  [[nodiscard]] const Ladder& ladder() const { return ladder_; }
  /// Slots of the plan that have a trial.
  [[nodiscard]] std::size_t num_filled() const { return num_filled_; }
  [[nodiscard]] bool is_open() const { return !is_closed_ && num_filled_ < plan_.slots.size(); }

  /// The rung as the assignment of a trial names it.
  [[nodiscard]] std::size_t assigned_rung(TrialId trial) const {
    return rung() + (carried_ && carried_->trial == trial ? carried_->first_rung : 0);
  }
  /// The oldest member of the rung that should run and does not.
  [[nodiscard]] std::optional<schedulers::Contestant> next_to_start(const trial::History& history);

  /// Does it end with the choice of one, who is not trained to the end here?
  [[nodiscard]] bool is_choice() const { return then_ == Winner::IsChosen; }
  [[nodiscard]] std::size_t rung() const { return rungs_.size() - 1; }
  [[nodiscard]] const std::vector<schedulers::Contestant>& members() const { return rungs_.back(); }
  /// The members of every rung so far.
  [[nodiscard]] const std::vector<std::vector<schedulers::Contestant>>& rungs() const {
    return rungs_;
  }
  [[nodiscard]] bool is_ended() const { return is_ended_; }
  /// Of an ended one; nothing where every candidate has failed.
  [[nodiscard]] std::optional<TrialId> winner() const { return winner_; }
  [[nodiscard]] RungJudge judge(const trial::History& history) const {
    return {history, ladder_, options_, mean_cost_, carried_};
  }

 private:
  void join(const trial::History& history, TrialId trial);
  [[nodiscard]] bool is_done(const trial::History& history,
                             const schedulers::Contestant& member) const;
  void look_at(const trial::History& history, TrialId trial);
  void open_rung(const trial::History& history, const std::vector<TrialId>& trials);
  void end_rung(const trial::History& history);
  [[nodiscard]] std::vector<TrialId> survivors(const trial::History& history) const;

  CandidatePlan plan_;
  Ladder ladder_;
  const Sm2Options& options_;
  Winner then_;
  std::vector<std::vector<schedulers::Contestant>> rungs_{{}};  // members by age
  std::optional<double> mean_cost_;
  std::optional<Carried> carried_;
  std::optional<TrialId> winner_;
  bool is_closed_ = false;
  bool is_ended_ = false;
  std::size_t num_filled_ = 0;
  // Of the rung at hand.
  std::vector<bool> is_settled_;
  std::size_t num_open_ = 0;
  std::size_t next_index_ = 0;     // those before it run, have settled, or are in again_
  std::set<std::size_t> again_;    // were cut off before they had settled
  std::size_t num_ends_seen_ = 0;  // of history.finished_order()
};

}  // namespace wattune::strategies
