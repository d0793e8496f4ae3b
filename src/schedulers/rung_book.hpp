#pragma once

#include <vector>

#include "changes.hpp"
#include "rung_table.hpp"
#include "unfinished.hpp"
#include "wattune/schedulers/asha.hpp"

namespace wattune::schedulers {

/// All rungs of a study that halves without waiting: which trial has got where.
///
/// A fold that looks only at trials that may have changed. What was reported stays as it is, but
/// the totals of a phase grow with the trial: where losses are made of them, a trial that goes on
/// is ranked anew in the rungs that it has left.
class RungBook {
 public:
  RungBook(std::vector<double> targets, const AshaOptions& options);

  void follow(const trial::History& history);

  [[nodiscard]] const std::vector<double>& targets() const { return targets_; }
  [[nodiscard]] const std::vector<RungTable>& rungs() const { return rungs_; }
  [[nodiscard]] const Unfinished& unfinished() const { return unfinished_; }
  [[nodiscard]] bool has_full_training() const { return has_full_training_; }
  /// Does whoever is before a trial in a rung stay before it?
  [[nodiscard]] bool has_lasting_order() const { return has_lasting_order_; }

 private:
  void clear();
  void update(const trial::History& history, const trial::Trial& trial);
  [[nodiscard]] bool has_arrived(const trial::Trial& trial, std::size_t rung) const;
  [[nodiscard]] std::optional<std::int64_t> weight_of(const trial::Trial& trial,
                                                      double target) const;

  std::vector<double> targets_;
  AshaOptions options_;
  Changes changes_;
  std::vector<RungTable> rungs_;
  Unfinished unfinished_;
  bool has_full_training_ = false;
  bool has_lasting_order_ = false;
};

}  // namespace wattune::schedulers
