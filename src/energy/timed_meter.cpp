#include "timed_meter.hpp"

#include <algorithm>

namespace wattune::energy {

Result<Reading> TimedMeter::read(MonotonicTime now) {
  const MonotonicTime before = clock_->now();
  const WallTime wall = clock_->wall_now();
  const std::optional<WallTime> looked = fetch_();
  const MonotonicTime::duration length = clock_->now() - before;
  MonotonicTime::duration offset = length / 2;
  if (looked && *looked >= wall && *looked - wall <= length) offset = *looked - wall;
  const MonotonicTime at = std::max(last_.value_or(now), now + offset);
  last_ = at;
  return inner_->read(at);
}

}  // namespace wattune::energy
