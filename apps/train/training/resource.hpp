#pragma once

#include <cstdint>
#include <optional>

namespace wattune::train {

enum class Unit { Epochs, Steps, Samples };

/// Translates between optimiser steps and the unit in which a study counts its resource.
///
/// A batch is never cut to meet a bound, so that where assignments end cannot change what is
/// learned: a bound is met by the first step at or beyond it.
class ResourceClock {
 public:
  ResourceClock(Unit unit, std::int64_t batch_size, std::int64_t samples_per_epoch)
      : unit_(unit), batch_size_(batch_size), samples_per_epoch_(samples_per_epoch) {}

  /// Resource used after `steps` steps; whole epochs are counted.
  [[nodiscard]] std::int64_t position(std::int64_t steps) const;

  /// The first number of steps at which `position` is at or beyond `value`.
  [[nodiscard]] std::int64_t steps_until(std::int64_t value) const;

  /// Steps at which the next report is due: an interval from now, but not after `until`, and at
  /// least one step from now.
  ///
  /// Takes    interval_samples  used where `interval` (in the clock's unit) is absent
  [[nodiscard]] std::int64_t next_report(std::int64_t steps, std::int64_t until,
                                         std::optional<std::int64_t> interval,
                                         std::int64_t interval_samples) const;

 private:
  Unit unit_;
  std::int64_t batch_size_;
  std::int64_t samples_per_epoch_;
};

}  // namespace wattune::train
