#include "sampled_channel.hpp"

#include <algorithm>
#include <utility>

namespace wattune::energy {
namespace {

/// A caller may be held up for so long by a channel that it reads itself.
constexpr Seconds kQuick{0.002};
/// Power over shorter times is mostly the steps of the counter.
constexpr Seconds kPowerSpan{0.05};
constexpr double kPowerSteps = 5.0;
/// The clocks that tell a suspend are not read at one moment.
constexpr Seconds kLeastSuspend{0.1};

/// The better of two tries: one may be held up by something else.
bool answers_quickly(Meter& meter, const Clock& clock) {
  if (is_gpu(meter.channel().kind)) return false;
  Seconds shortest = kQuick;
  for (int i = 0; i < 2; ++i) {
    const MonotonicTime before = clock.now();
    static_cast<void>(meter.read(before));
    shortest = std::min(shortest, elapsed(before, clock.now()));
  }
  return shortest < kQuick;
}

}  // namespace

SampledChannel::SampledChannel(std::unique_ptr<Meter> meter, const Clock& clock,
                               SuspendedTime suspended)
    : meter_(std::move(meter)),
      clock_(clock),
      suspended_(std::move(suspended)),
      channel_(meter_->channel()),
      idle_power_(meter_->idle_power()),
      safe_gap_(meter_->longest_safe_gap()),
      preferred_gap_(meter_->preferred_gap()),
      is_counter_(meter_->preferred_gap() >= meter_->longest_safe_gap()),
      is_quick_(answers_quickly(*meter_, clock)),
      suspended_seen_(suspended_()) {
}

void SampledChannel::take_over(bool is_watched) {
  const std::lock_guard lock(mutex_);
  is_mine_ = true;
  is_watched_ = is_watched;
  needs_offset_ = true;
  power_from_.reset();
  last_ = place_->read();
}

bool SampledChannel::is_mine() const {
  const std::lock_guard lock(mutex_);
  return is_mine_;
}

std::string SampledChannel::error_words() const {
  const std::lock_guard lock(mutex_);
  return is_mine_ ? error_words_ : channel_.id + ": the process that reads it could not";
}

bool SampledChannel::read_since(MonotonicTime asked) {
  const std::lock_guard lock(mutex_);
  if (!is_mine_) return false;
  if (has_ended_ || (was_attempted(last_) && last_.attempt_at >= asked)) return true;
  const MonotonicTime before = std::max(clock_.now(), asked);
  const Result<Reading> reading = meter_->read(before);
  const MonotonicTime after = std::max(clock_.now(), before);
  last_.attempt_at = before;
  if (reading) {
    last_.error.reset();
    accept(last_, *reading, before, after);
  } else {
    last_.error = reading.error().kind;
    error_words_ = reading.error().message;
    has_ended_ = reading.error().kind == ErrorKind::Ended;
  }
  place_->publish(last_);
  return true;
}

/// A reading is of the middle of the call, unless the device itself says when it was.
void SampledChannel::accept(BoardReading& next, const Reading& reading, MonotonicTime before,
                            MonotonicTime after) {
  const bool is_dated = reading.read_at != before;
  MonotonicTime at = is_dated ? reading.read_at : before + (after - before) / 2;
  if (next.has_reading) at = std::max(at, next.read_at);
  const Seconds suspended = suspended_();
  const bool has_slept = suspended - suspended_seen_ > kLeastSuspend;
  suspended_seen_ = suspended;
  if (needs_offset_) find_offset(next, reading, at);
  next.total = std::max(next.total, reading.total + *offset_);
  next.read_at = at;
  next.has_reading = true;
  if (reading.estimated || has_slept) ++next.num_estimated;
  if (reading.fallback && next.fallback != reading.fallback) {
    safe_gap_ = meter_->longest_safe_gap();
    preferred_gap_ = meter_->preferred_gap();
  }
  next.fallback = reading.fallback;
  next.guessed_j2 += reading.uncertainty.value() * reading.uncertainty.value();
  follow_power(next);
}

void SampledChannel::find_offset(BoardReading& next, const Reading& reading, MonotonicTime at) {
  needs_offset_ = false;
  if (is_counter_ && offset_) return;
  if (!next.has_reading) {
    offset_ = Microjoules{};
    return;
  }
  const Joules unseen = is_watched_ ? next.power * elapsed(next.read_at, at) : Joules{};
  offset_ = next.total + to_microjoules(unseen) - reading.total;
  next.guessed_j2 += unseen.value() * unseen.value();
  ++next.num_estimated;
}

void SampledChannel::follow_power(BoardReading& next) {
  const Point now{next.total, next.read_at};
  if (!power_from_) {
    power_from_ = now;
    return;
  }
  const Seconds length = elapsed(power_from_->at, now.at);
  if (length < std::max(kPowerSpan, channel_.refresh * kPowerSteps)) return;
  next.power = (now.total - power_from_->total).joules() / length;
  power_from_ = now;
}

Seconds SampledChannel::read_beside() {
  const std::lock_guard lock(mutex_);
  if (is_mine_) return Seconds{};
  const BoardReading other = place_->read();
  const MonotonicTime now = clock_.now();
  const Result<Reading> reading = meter_->read(now);
  if (reading && other.has_reading) compare(*reading, other);
  return compared_within_;
}

/// Both count the same energy and go on differing by as much: the closest comparison is the best.
void SampledChannel::compare(const Reading& reading, const BoardReading& other) {
  const Seconds apart = elapsed(other.read_at, reading.read_at);
  if (apart >= compared_within_) return;
  compared_within_ = apart;
  offset_ = other.total + to_microjoules(other.power * apart) - reading.total;
}

std::optional<Reading> SampledChannel::reading_beside() {
  const std::lock_guard lock(mutex_);
  if (is_mine_ || !is_quick_ || !is_counter_ || !offset_) return std::nullopt;
  Result<Reading> reading = meter_->read(clock_.now());
  if (!reading) return std::nullopt;
  reading->total += *offset_;
  return *reading;
}

}  // namespace wattune::energy
