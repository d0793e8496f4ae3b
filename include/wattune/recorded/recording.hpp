#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::recorded {

/// Where a recorded training stood at a step; everything counts from its beginning.
struct RecordedStep {
  double step = 0.0;
  Seconds time;
  Joules energy;
  std::vector<trial::MetricValue> metrics;  ///< Finite values only.
  std::string not_finite = {};  ///< A metric that was no finite number here: the training diverged.
};

/// One training that has been recorded, or that a surrogate makes up.
///
/// Threads  one thread per object
class Recording {
 public:
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  virtual ~Recording() = default;

  /// The first record beyond a step; nothing where the training has ended. Steps grow, time and
  /// energy never fall. Asked again it gives the same.
  [[nodiscard]] virtual std::optional<RecordedStep> next(double after) = 0;

 protected:
  Recording() = default;
};

/// Trainings on record: a table, or a surrogate fitted to one, for the space of one study.
///
/// A function of configuration and seed: where several trainings of one configuration were
/// recorded, the seed chooses among them.
///
/// Threads  any number, each with recordings of its own
class RecordedTrainings {
 public:
  RecordedTrainings(const RecordedTrainings&) = delete;
  RecordedTrainings& operator=(const RecordedTrainings&) = delete;
  virtual ~RecordedTrainings() = default;

  /// Errors   NotFound  there is no training of this configuration; says what there is
  [[nodiscard]] virtual Result<std::unique_ptr<Recording>> open(
      const space::Configuration& configuration, std::uint32_t seed) const = 0;

  /// Names of the metrics that its records have.
  [[nodiscard]] virtual std::vector<std::string> metrics() const = 0;

  /// The largest step of any training.
  [[nodiscard]] virtual double last_step() const = 0;

  /// What is played and where its joules come from, in one line for screens and records.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  RecordedTrainings() = default;
};

}  // namespace wattune::recorded
