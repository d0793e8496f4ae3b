#pragma once

#include <map>
#include <optional>

#include "wattune/base/clock.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::study {

/// What a trial that can still go on was last told to do.
struct Order {
  trial::Assignment assignment;
  std::optional<trial::Verdict> verdict;  ///< To its last report; nothing where it may go on.
  std::optional<WallTime> reported_at;    ///< When its last report was written.
  bool is_carried_out = false;            ///< The verdict was; a new assignment is a new order.
};

/// The part of the log that a history does not keep: the last order of every unfinished trial.
class OrderBook {
 public:
  void apply(const trial::Event& event, WallTime at);

  [[nodiscard]] const Order& of(TrialId trial) const;
  /// Unfinished trials by number.
  [[nodiscard]] const std::map<TrialId, Order>& all() const { return orders_; }

 private:
  std::map<TrialId, Order> orders_;
};

/// Can the trial go on after its assignment ended so?
[[nodiscard]] bool is_unfinished(trial::Outcome outcome);

}  // namespace wattune::study
