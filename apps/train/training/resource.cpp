#include "training/resource.hpp"

#include <algorithm>

namespace wattune::train {
namespace {

std::int64_t divide_up(std::int64_t value, std::int64_t divisor) {
  return (value + divisor - 1) / divisor;
}

}  // namespace

std::int64_t ResourceClock::position(std::int64_t steps) const {
  switch (unit_) {
    case Unit::Epochs:
      return steps * batch_size_ / samples_per_epoch_;
    case Unit::Samples:
      return steps * batch_size_;
    case Unit::Steps:
      break;
  }
  return steps;
}

std::int64_t ResourceClock::steps_until(std::int64_t value) const {
  switch (unit_) {
    case Unit::Epochs:
      return divide_up(value * samples_per_epoch_, batch_size_);
    case Unit::Samples:
      return divide_up(value, batch_size_);
    case Unit::Steps:
      break;
  }
  return value;
}

std::int64_t ResourceClock::next_report(std::int64_t steps, std::int64_t until,
                                        std::optional<std::int64_t> interval,
                                        std::int64_t interval_samples) const {
  const std::int64_t due = interval
                               ? steps_until(position(steps) + *interval)
                               : divide_up(steps * batch_size_ + interval_samples, batch_size_);
  return std::max(steps + 1, std::min(due, steps_until(until)));
}

}  // namespace wattune::train
