#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// What a training showed at a rung.
struct CurveValue {
  std::uint32_t trial = 0;
  double step = 0.0;
  double place = 0.0;          ///< 1 at a full training, a quarter less at one e-th of it.
  std::vector<double> losses;  ///< [objectives]
  std::vector<std::optional<double>> bounded;  ///< [constraints] What they bound.
};

/// Sum over the constraints of how far each is broken; infinite where one is not known.
[[nodiscard]] double violation_of(std::span<const trial::Constraint> constraints,
                                  const CurveValue& value);

/// Does the measure of a whole trial grow in proportion to its steps?
[[nodiscard]] bool accumulates(const trial::Measure& measure);

/// Does it wait to be taken further?
[[nodiscard]] inline bool can_go_on(const trial::Trial& trial) {
  return trial.state() == trial::TrialState::Paused ||
         trial.state() == trial::TrialState::Interrupted;
}

/// The steps at which trials pause, the last of them a full training.
///
/// Takes    share  full training over first rung;  eta  from rung to rung
[[nodiscard]] std::vector<double> race_rungs(const trial::Resource& resource, double share,
                                             double eta);

/// All values of curves in the order in which they came; only grows.
///
/// A trial gives one value for every assignment that was carried out, and after the last, or where
/// it was cut off, all that it has by then.
/// Costs that grow with every step are projected to a full training.
class RaceRecord {
 public:
  explicit RaceRecord(std::vector<double> rungs) : rungs_(std::move(rungs)) {}

  void update(const trial::History& history);

  [[nodiscard]] std::span<const double> rungs() const { return rungs_; }
  [[nodiscard]] const std::vector<CurveValue>& values() const { return values_; }
  /// The first rung beyond where a trial is; nothing after the last.
  [[nodiscard]] std::optional<std::size_t> next_rung(const trial::Trial& trial) const;

 private:
  [[nodiscard]] bool has_reached_next(std::uint32_t trial, double step) const;
  /// The next value that a trial has and that is not here yet.
  [[nodiscard]] bool add_next(const trial::History& history, const trial::Trial& trial);

  std::vector<double> rungs_;
  std::vector<CurveValue> values_;
  std::size_t num_ends_seen_ = 0;
  std::vector<std::uint32_t> ends_;      // [trials] counted so far
  std::vector<std::size_t> next_rungs_;  // [trials] whose value comes next
};

}  // namespace wattune::strategies
