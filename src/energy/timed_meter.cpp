#include "timed_meter.hpp"

namespace wattune::energy {

void CallTimes::begin_read() {
  read_begun_ = clock_->now();
}

void CallTimes::begin_call() {
  call_begun_ = clock_->now();
  call_begun_wall_ = clock_->wall_now();
}

void CallTimes::end_call(std::optional<WallTime> looked) {
  const MonotonicTime end = clock_->now();
  const MonotonicTime::duration call = end - call_begun_;
  MonotonicTime::duration within = call / 2;
  if (looked && *looked >= call_begun_wall_ && *looked - call_begun_wall_ <= call) {
    within = *looked - call_begun_wall_;
  }
  offset_ = (call_begun_ - read_begun_) + within;
  length_ = elapsed(read_begun_, end);
}

Result<Reading> TimedMeter::read(MonotonicTime now) {
  times_->begin_read();
  Result<Reading> reading = inner().read(now);
  if (reading) {
    reading->read_at = now + times_->offset();
    reading->took = times_->length();
  }
  return reading;
}

}  // namespace wattune::energy
