#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/space/space.hpp"

namespace wattune::recorded {

/// Energy of six trainings to their target quality over batch size and power limit of the GPU, on a
/// V100 and an A40: epochs to the target as recorded for each batch size, time and mean power of an
/// epoch as measured for each batch size and limit.
///
/// A training that does not get to its target ends with a metric that is no number, after as many
/// epochs as the slowest one of its job that got there.
///
/// Threads  immutable; any number
/// Source   You, Chung, Chowdhury, NSDI 2023 (Zeus): the traces and, of its table 1, the targets
class ZeusTraces {
 public:
  /// Reads the three files.
  ///
  /// Errors   ConfigError  a file is missing or not a table of this kind; names file and line
  explicit ZeusTraces(const std::filesystem::path& folder);

  /// "v100/cifar100", "a40/squad", ...
  [[nodiscard]] const std::vector<std::string>& jobs() const { return names_; }
  /// batch_size and power_limit, lists of what was recorded.
  [[nodiscard]] space::Space space(const std::string& job) const;

  /// One report at `max_step`, with the metric epochs_to_target; the seed chooses the run.
  ///
  /// Errors   ConfigError  an unknown job, a parameter that is missing
  [[nodiscard]] std::unique_ptr<RecordedTrainings> trainings(const std::string& job,
                                                             const space::Space& space,
                                                             double max_step = 1.0) const;

  /// Mean energy over the runs of a configuration of `space(job)`.
  [[nodiscard]] Joules mean_energy(const std::string& job,
                                   const space::Configuration& configuration) const;
  /// The lowest mean energy there is.
  [[nodiscard]] Joules optimum(const std::string& job) const;

  /// What was recorded of one job.
  struct Job {
    struct Epoch {
      Seconds time;
      Watts power;
    };
    std::vector<std::int64_t> batch_sizes;
    std::vector<std::int64_t> power_limits;
    std::map<std::int64_t, std::vector<double>> epochs_to_target;   ///< By batch size; NaN: never.
    std::map<std::pair<std::int64_t, std::int64_t>, Epoch> epochs;  ///< By batch size and limit.
    double most_epochs = 0.0;
  };

 private:
  class Trainings;

  [[nodiscard]] const std::shared_ptr<const Job>& job(const std::string& name) const;

  std::vector<std::string> names_;
  std::map<std::string, std::shared_ptr<const Job>> jobs_;  // owned with the trainings of each
};

}  // namespace wattune::recorded
