#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/schedulers/scheduler.hpp"

namespace wattune::schedulers {

/// Says when a running trial is not worth going on with.
///
/// A function of the history alone, as a scheduler is; a rule and a scheduler go together in any
/// combination.
///
/// Threads  one thread per rule
class StopRule {
 public:
  StopRule(const StopRule&) = delete;
  StopRule& operator=(const StopRule&) = delete;
  virtual ~StopRule() = default;

  /// Asked at every report of a running trial that is not fully trained.
  [[nodiscard]] virtual bool wants_stop(const trial::History& history, TrialId trial) const = 0;

  /// How often the rule would like to hear from a trial, in the unit of the resource.
  [[nodiscard]] virtual std::optional<double> report_every() const = 0;

  /// Name and settings, for screens and records.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  StopRule() = default;
};

/// Lets a scheduler say who goes on, and stops a trial as soon as any rule wants that.
///
/// A trial that was stopped is out for good: it fills its rung, and is never promoted.
[[nodiscard]] std::unique_ptr<Scheduler> stop_when(const trial::Resource& resource,
                                                   std::unique_ptr<Scheduler> scheduler,
                                                   std::vector<std::unique_ptr<StopRule>> rules);

}  // namespace wattune::schedulers
