#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/task.hpp"

namespace wattune::train {

struct StopOptions {
  /// Ends the training once validation is at least as good as this.
  struct Target {
    std::string metric;  ///< Of the task, without "val_".
    double value;
  };
  std::optional<Target> target = {};
  std::int64_t patience = 0;  ///< Reports without a better validation loss; 0: no end.
  double min_delta = 0;       ///< By so much a better loss must be lower.
};

/// Reads METRIC=VALUE, where METRIC may begin with "val_". Nothing where it is not that.
std::optional<StopOptions::Target> to_target(std::string_view text);

/// Decides at reports whether a training has ended before its bound.
class StopRules {
 public:
  /// Errors   UsageError  a target for a metric that the task does not have
  StopRules(StopOptions options, const std::vector<std::string>& metric_names);

  /// Takes    validation  the task's metrics
  /// Gives    whether the training ends here
  bool look(const Task::Metrics& validation);

  /// What a last report says of the rules that are in use: `reached` and `stopped_early`, 0 or 1.
  [[nodiscard]] Task::Metrics last_words() const;

  [[nodiscard]] nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  StopOptions options_;
  bool is_reached_ = false;
  bool is_out_of_patience_ = false;
  std::optional<double> best_loss_;
  std::int64_t reports_since_best_ = 0;
};

}  // namespace wattune::train
