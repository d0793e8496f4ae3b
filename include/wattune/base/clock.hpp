#pragma once

#include <chrono>

#include "wattune/base/units.hpp"

namespace wattune {

/// Monotonic time: differences are durations, and a step of the wall clock does not show.
using MonotonicTime = std::chrono::steady_clock::time_point;
/// Time of day in UTC, for records that people read; never for durations.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

[[nodiscard]] inline Seconds elapsed(MonotonicTime from, MonotonicTime to) {
  return Seconds{std::chrono::duration<double>(to - from).count()};
}

[[nodiscard]] inline MonotonicTime after(MonotonicTime start, Seconds wait) {
  return start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                     std::chrono::duration<double>(wait.value()));
}

/// Tells the time. Comes in from outside, so that a test or a replay can be its own clock.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

/// A clock that a test moves by hand.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override {
    return WallTime{std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch())};
  }
  void advance(Seconds step) { now_ = after(now_, step); }

 private:
  MonotonicTime now_{};
};

}  // namespace wattune
