#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "wattune/runners/checkpoint_files.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/study/study.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::study {

/// Deletes the checkpoints that nobody can need any more.
///
/// Kept are those of trials that run or may still be asked for, and the last one of every trial
/// that could be recommended in the end: nothing that has come to its end beats it, nor does it
/// lag behind the best quality by more than the tolerance where quality is all that counts.
///
/// Cost     per call O(checkpoints), and what the strategy takes; every pair of trials is compared
///          once
class CheckpointKeeper {
 public:
  /// Takes    files  lent; there may be none
  ///          deletes  false: only tells what there is
  CheckpointKeeper(runners::CheckpointFiles* files, bool deletes, double tolerance)
      : files_(files), deletes_(deletes), tolerance_(tolerance) {}

  void apply(const trial::Event& event);

  /// Takes    goes_on  will the session take up this trial, whatever the strategy says?
  void clean(const trial::History& history, const strategies::Strategy& strategy,
             const std::function<bool(TrialId)>& goes_on);

  [[nodiscard]] CheckpointUse use() const;

 private:
  struct Held {
    std::string path;                  // the last one
    std::vector<std::string> earlier;  // what it has taken the place of
    std::size_t num_compared = 0;      // with `finals_`, none of which beats it
  };

  void remove(TrialId trial, const std::string& path);
  void remove_earlier();
  void let_go(const trial::History& history, const strategies::Strategy& strategy,
              const std::function<bool(TrialId)>& goes_on);
  [[nodiscard]] bool is_worth_keeping(const trial::History& history, TrialId id, Held& held) const;
  [[nodiscard]] bool beats(const trial::History& history, TrialId winner, TrialId loser) const;

  runners::CheckpointFiles* files_;
  bool deletes_;
  double tolerance_;
  std::map<TrialId, Held> held_;
  std::set<TrialId> ended_;      // whose figures do not change any more
  std::vector<TrialId> finals_;  // the same, in the order in which that was known
  std::size_t num_deleted_ = 0;
  std::uintmax_t bytes_deleted_ = 0;
};

}  // namespace wattune::study
