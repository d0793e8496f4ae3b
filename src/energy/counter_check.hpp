#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

enum class CounterVerdict : std::uint8_t {
  Agrees,     ///< Counter and power sensor tell the same.
  Disagrees,  ///< They differ by more than the factor allowed.
  Unchecked,  ///< It could not be watched long enough, or there is no sensor to compare it with.
  Still,      ///< It did not move, although whatever is switched on draws power.
  Fell,       ///< It went backwards.
};

/// What an energy counter did while it was watched beside a power sensor.
struct CounterCheck {
  CounterVerdict verdict = CounterVerdict::Unchecked;
  Seconds watched;
  std::optional<Seconds> refresh;  ///< Mean time between its steps.
  std::optional<double> ratio;     ///< Its power over the sensor's.
  Seconds latency;                 ///< Mean length of a call.

  /// For the note on the back end.
  [[nodiscard]] std::string words() const;
};

/// Watches an energy counter and a power sensor side by side.
///
/// Power by the counter is taken between its first and its last step, so that a slow refresh does
/// not show as an error.
class CounterWatch {
 public:
  void see(MonotonicTime before, MonotonicTime after, const Result<std::uint64_t>& energy_uj,
           const Result<Watts>& power);

  /// Takes    factor  how far the two powers may be apart, above 1
  [[nodiscard]] CounterCheck check(double factor) const;

 private:
  struct Step {
    MonotonicTime at;
    std::uint64_t energy_uj;
  };
  struct Power {
    MonotonicTime at;
    Watts power;
  };

  [[nodiscard]] std::optional<Watts> sensor_power(MonotonicTime from, MonotonicTime to) const;

  std::optional<std::uint64_t> last_;
  std::optional<MonotonicTime> first_at_;
  MonotonicTime last_at_;
  bool has_fallen_ = false;
  std::vector<Step> steps_;
  std::vector<Power> powers_;
  std::size_t num_calls_ = 0;
  Seconds in_calls_;
};

/// A counter and the sensor beside it, in one question.
struct CounterSample {
  Result<std::uint64_t> energy_uj;
  Result<Watts> power;
};

/// One device of several that are watched together.
struct WatchedCounter {
  std::function<CounterSample()> ask;
  CounterWatch watch = {};
};

struct WatchOptions {
  Seconds length{0.5};
  Seconds gap{0.02};
  std::function<void(Seconds)> wait = {};  ///< Empty: sleeps.
};

/// Asks all devices in turn until the time is over. A clock that does not move ends it at once.
void watch_together(std::vector<WatchedCounter>& devices, const Clock& clock,
                    const WatchOptions& options);

}  // namespace wattune::energy
