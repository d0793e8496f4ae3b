#include "counter_check.hpp"

#include <fmt/format.h>

#include <thread>

namespace wattune::energy {
namespace {

/// A counter that has not moved for so long stands still.
constexpr Seconds kLongEnough{0.35};
/// With fewer steps the time between the first and the last is not known well enough.
constexpr std::size_t kFewestSteps = 3;

}  // namespace

void CounterWatch::see(MonotonicTime before, MonotonicTime after,
                       const Result<std::uint64_t>& energy_uj, const Result<Watts>& power) {
  const MonotonicTime at = before + (after - before) / 2;
  ++num_calls_;
  in_calls_ += elapsed(before, after);
  if (power && *power > Watts{}) powers_.push_back({at, *power});
  if (!energy_uj) return;
  if (!first_at_) first_at_ = at;
  last_at_ = at;
  if (last_ && *energy_uj < *last_) has_fallen_ = true;
  if (last_ && *energy_uj != *last_) steps_.push_back({at, *energy_uj});
  last_ = *energy_uj;
}

std::optional<Watts> CounterWatch::sensor_power(MonotonicTime from, MonotonicTime to) const {
  Watts sum;
  double count = 0.0;
  for (const Power& each : powers_) {
    if (each.at < from || each.at > to) continue;
    sum += each.power;
    count += 1.0;
  }
  if (count == 0.0) return std::nullopt;
  return sum / count;
}

CounterCheck CounterWatch::check(double factor) const {
  CounterCheck check;
  if (num_calls_ > 0) check.latency = in_calls_ / static_cast<double>(num_calls_);
  if (first_at_) check.watched = elapsed(*first_at_, last_at_);
  if (has_fallen_) {
    check.verdict = CounterVerdict::Fell;
    return check;
  }
  if (steps_.empty()) {
    if (check.watched >= kLongEnough) check.verdict = CounterVerdict::Still;
    return check;
  }
  const Step& first = steps_.front();
  const Step& last = steps_.back();
  const Seconds length = elapsed(first.at, last.at);
  if (steps_.size() < kFewestSteps || length <= Seconds{}) return check;
  check.refresh = length / static_cast<double>(steps_.size() - 1);
  const auto sensed = sensor_power(first.at, last.at);
  if (!sensed) return check;
  const Joules counted{static_cast<double>(last.energy_uj - first.energy_uj) * 1e-6};
  check.ratio = counted / length / *sensed;
  const bool agrees = *check.ratio <= factor && *check.ratio >= 1.0 / factor;
  check.verdict = agrees ? CounterVerdict::Agrees : CounterVerdict::Disagrees;
  return check;
}

std::string CounterCheck::words() const {
  switch (verdict) {
    case CounterVerdict::Agrees:
      return fmt::format("shows {:.2f} times the power of its sensor", *ratio);
    case CounterVerdict::Disagrees:
      return fmt::format("shows {:.2f} times the power of its sensor: they contradict each other",
                         *ratio);
    case CounterVerdict::Unchecked:
      return "could not be compared with a power sensor";
    case CounterVerdict::Still:
      return fmt::format("did not move in {:.2f} s, and nothing that is switched on draws 0 W",
                         watched.value());
    case CounterVerdict::Fell:
      return "went backwards while it was watched";
  }
  return {};
}

void watch_together(std::vector<WatchedCounter>& devices, const Clock& clock,
                    const WatchOptions& options) {
  if (devices.empty()) return;
  const MonotonicTime start = clock.now();
  while (true) {
    for (WatchedCounter& device : devices) {
      const MonotonicTime before = clock.now();
      const CounterSample sample = device.ask();
      device.watch.see(before, clock.now(), sample.energy_uj, sample.power);
    }
    const MonotonicTime now = clock.now();
    if (elapsed(start, now) >= options.length) return;
    if (options.wait) {
      options.wait(options.gap);
    } else {
      std::this_thread::sleep_for(std::chrono::duration<double>(options.gap.value()));
    }
    if (clock.now() == now) return;
  }
}

}  // namespace wattune::energy
