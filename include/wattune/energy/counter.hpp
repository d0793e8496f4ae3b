#pragma once

#include <cstdint>
#include <optional>

#include "wattune/base/clock.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Energy of one tick of a counter, as an exact fraction of microjoules.
struct TickEnergy {
  std::uint64_t numerator_uj = 1;
  std::uint64_t denominator = 1;
};

/// What is known about a hardware counter before it is read.
struct CounterLimits {
  std::optional<std::uint64_t> modulus;  ///< In ticks; it starts again at 0 here; none: never.
  Watts max_power;                       ///< More than this is not believed.
  Seconds refresh;                       ///< It moves in steps of about this length.
  TickEnergy tick = {};
};

/// What one reading turned out to be.
enum class CounterStep : std::uint8_t {
  First,      ///< Nothing to compare with yet.
  Counted,    ///< The difference was counted.
  Wrapped,    ///< The same, through the end of the range.
  Held,       ///< Not believable; the next reading will tell.
  Recovered,  ///< What was held was a glitch; the true difference was counted.
  Restarted,  ///< What was held was a fresh start; the hole was filled with the power around it.
  Guessed,    ///< The silence was so long that the number of turns had to be guessed.
  Slept,      ///< Counted, but the machine was suspended in between.
};

/// The step is not, or not only, the difference of two readings.
[[nodiscard]] bool is_estimate(CounterStep step);

/// Turns raw readings of a counter that wraps, restarts and glitches into a total that never goes
/// down.
///
/// A difference is believed when it needs no more than the maximum power for the time since the
/// last believed reading. One that is not is held back, not counted, until a later reading says
/// whether the counter came back (a glitch) or goes on from there (a restart, or a silence that can
/// hide a whole turn). A failed read is simply not observed: its energy is in the next difference.
///
/// Differs  docs/metering.md, "Counters" lists the cases
class EnergyCounter {
 public:
  explicit EnergyCounter(CounterLimits limits);

  /// Takes a reading in ticks. `slept` is how long the machine has been suspended altogether: time
  /// that the monotonic clock does not count but the counter may.
  CounterStep observe(std::uint64_t raw, MonotonicTime at, Seconds slept = {});

  /// Ticks are added up exactly and converted here, rounded down.
  [[nodiscard]] Microjoules total() const;
  /// Half width of a 95 % interval around what the last step had to guess.
  [[nodiscard]] Joules uncertainty() const { return uncertainty_; }
  /// Half the time in which the counter could turn once; none for one that never turns.
  [[nodiscard]] std::optional<Seconds> longest_safe_gap() const;

 private:
  __extension__ using Ticks = unsigned __int128;
  struct Point {
    std::uint64_t raw = 0;
    MonotonicTime at;
    Seconds slept;
  };
  struct Origin {
    Point point;
    Ticks total = 0;
  };

  [[nodiscard]] Joules most_between(const Point& from, const Point& to, double margin) const;
  [[nodiscard]] bool can_hide_a_turn(const Point& from, const Point& to) const;
  [[nodiscard]] std::optional<std::uint64_t> difference(const Point& from, const Point& to) const;
  [[nodiscard]] std::optional<std::uint64_t> believable(const Point& from, const Point& to) const;
  [[nodiscard]] bool has_restarted(const Point& held) const;
  [[nodiscard]] Joules energy_of(Ticks ticks) const;
  [[nodiscard]] double ticks_of(Joules energy) const;
  [[nodiscard]] std::optional<Watts> power_after(const Point& held, const Point& to,
                                                 std::uint64_t since_held) const;
  [[nodiscard]] Ticks fill(const Point& held, std::optional<Watts> after, bool is_silence,
                           bool has_slept);
  [[nodiscard]] std::optional<Ticks> since_before_jump(const Point& to);
  void note_power(Joules energy, Seconds length);
  void count(Ticks ticks, const Point& to);
  [[nodiscard]] Ticks fill_restart(const Point& held, std::optional<Watts> after);
  [[nodiscard]] Ticks fill_silence(const Point& held, std::optional<Watts> after);

  CounterLimits limits_;
  std::optional<Point> good_;
  std::optional<Point> held_;
  std::optional<Origin> before_jump_;  ///< A turn or a restart may turn out to have been a glitch.
  std::optional<Watts> power_;         ///< Over the last step that was counted.
  Watts mean_power_;                   ///< Over the last half minute or so.
  Joules uncertainty_;
  Ticks total_ = 0;
};

}  // namespace wattune::energy
