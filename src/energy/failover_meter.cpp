#include "failover_meter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace wattune::energy {
namespace {

constexpr Seconds kPatience{10.0};
/// Power over shorter times is mostly the steps of the counter.
constexpr Seconds kPowerSpan{1.0};
constexpr double kPowerSteps = 5.0;

}  // namespace

FailoverMeter::FailoverMeter(std::unique_ptr<Meter> first, std::vector<OpenFallback> others)
    : current_(std::move(first)), others_(std::move(others)), channel_(current_->channel()) {
  std::ranges::reverse(others_);
}

Result<Reading> FailoverMeter::read(MonotonicTime now) {
  if (!std::exchange(was_tried_, true)) grown_at_ = now;
  Result<Reading> reading = current_->read(now);
  if (reading) return accept(*reading);
  if (!has_failed(reading.error(), now)) return reading;
  if (!go_on(now)) return reading;
  return fail(ErrorKind::Transient, channel_.id + ": its source has failed, another one is read");
}

bool FailoverMeter::has_failed(const Error& error, MonotonicTime now) const {
  if (others_.empty()) return false;
  return error.kind == ErrorKind::Ended || elapsed(grown_at_, now) >= kPatience;
}

/// Opens the first of the other sources that works.
Result<void> FailoverMeter::go_on(MonotonicTime now) {
  Error last{ErrorKind::NotFound, ""};
  while (!others_.empty()) {
    Result<std::unique_ptr<Meter>> opened = others_.back()(now);
    others_.pop_back();
    Result<Reading> first =
        opened.and_then([now](const std::unique_ptr<Meter>& meter) { return meter->read(now); });
    if (!first) {
      last = first.error();
      continue;
    }
    current_ = std::move(*opened);
    hole_ = Hole{hole_ ? hole_->from : grown_at_, now, first->total};
    has_fallen_back_ = true;
    grown_at_ = now;
    const Channel& source = current_->channel();
    channel_.provenance = std::max(channel_.provenance, source.provenance);
    channel_.gain_uncertainty = std::max(channel_.gain_uncertainty, source.gain_uncertainty);
    channel_.refresh = std::max(channel_.refresh, source.refresh);
    channel_.source += ", then " + source.source;
    return {};
  }
  return tl::unexpected(last);
}

Result<Reading> FailoverMeter::accept(Reading reading) {
  if (hole_) {
    // The first step of a counter began before it was looked at.
    const Seconds seen = elapsed(hole_->to, reading.read_at);
    const bool tells_power = reading.total > hole_->first_total && seen > Seconds{} &&
                             seen >= current_->channel().refresh * kPowerSteps;
    if (!tells_power) {
      return fail(ErrorKind::Transient, channel_.id + ": the power of its new source is not known");
    }
    fill(*std::exchange(hole_, std::nullopt), reading);
  }
  reading.total += base_;
  if (has_fallen_back_) {
    reading.fallback = FallbackSource{channel_.provenance, channel_.gain_uncertainty};
  }
  if (!has_reading_ || reading.total > total_) grown_at_ = reading.read_at;
  follow_power(reading);
  has_reading_ = true;
  total_ = reading.total;
  return reading;
}

/// The mean of the power on both sides; half of it and half of their difference is the
/// uncertainty. Where only the new source tells a power, all of it.
void FailoverMeter::fill(const Hole& hole, Reading& reading) {
  const Watts after =
      (reading.total - hole.first_total).joules() / elapsed(hole.to, reading.read_at);
  const Watts before = power_.value_or(after);
  const Watts mean = (before + after) / 2.0;
  const Seconds length = elapsed(hole.from, hole.to);
  const Watts spread{std::abs((before - after).value()) / 2.0};
  base_ = total_ + to_microjoules(mean * length) - hole.first_total;
  reading.estimated = true;
  const Joules unsure = (power_ ? mean / 2.0 + spread : mean) * length;
  reading.uncertainty = Joules{std::hypot(reading.uncertainty.value(), unsure.value())};
}

void FailoverMeter::follow_power(const Reading& reading) {
  const Seconds length = elapsed(power_at_, reading.read_at);
  if (has_reading_ && length < kPowerSpan) return;
  // A counter that stands still has not shown that nothing is drawn.
  if (has_reading_ && reading.total > power_total_) {
    power_ = (reading.total - power_total_).joules() / length;
  }
  if (!has_reading_ || reading.total > power_total_) {
    power_total_ = reading.total;
    power_at_ = reading.read_at;
  }
}

}  // namespace wattune::energy
