#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/result.hpp"

// True power, and counters that show it the way hardware does. All times are seconds of a clock
// that runs on while the machine is suspended; energies are joules.

namespace wattune::fake {

/// True power over time in pieces that are constant or change evenly, so that energy is exact.
class TruePower {
 public:
  void append(double seconds, double watts, double watts_at_end) {
    if (seconds <= 0.0) return;
    pieces_.push_back({end_, watts, (watts_at_end - watts) / seconds, joules_});
    joules_ += 0.5 * (watts + watts_at_end) * seconds;
    end_ += seconds;
  }
  [[nodiscard]] double end() const { return end_; }
  [[nodiscard]] double joules(double at) const {
    const Piece& piece = piece_at(at);
    const double length = at - piece.begin;
    return piece.joules + length * (piece.watts + 0.5 * piece.slope * length);
  }
  [[nodiscard]] double watts(double at) const {
    const Piece& piece = piece_at(at);
    return piece.watts + piece.slope * (at - piece.begin);
  }

 private:
  struct Piece {
    double begin = 0.0;
    double watts = 0.0;
    double slope = 0.0;
    double joules = 0.0;  ///< Before it.
  };

  [[nodiscard]] const Piece& piece_at(double at) const {
    const auto next = std::ranges::upper_bound(pieces_, at, {}, &Piece::begin);
    return next == pieces_.begin() ? *next : *std::prev(next);
  }

  std::vector<Piece> pieces_;
  double end_ = 0.0;
  double joules_ = 0.0;
};

/// Appends a stretch of power of one of four shapes: constant, steps, bursts, a ramp.
inline void append_stretch(TruePower& power, Rng& rng, double seconds, double least, double most) {
  const auto level = [&] { return rng.uniform(least, most); };
  const double until = power.end() + seconds;
  const double now = level();
  switch (rng.index(4)) {
    case 0:
      power.append(seconds, now, now);
      break;
    case 1:
      power.append(seconds, now, level());
      break;
    case 2: {  // batches and the pauses between them
      const double high = std::max(now, level());
      const double low = rng.uniform(least, high);
      const double period = std::exp(rng.uniform(std::log(0.05), std::log(3.0)));
      const double busy = rng.uniform(0.2, 0.9) * period;
      while (power.end() < until) {
        power.append(std::min(busy, until - power.end()), high, high);
        power.append(std::min(period - busy, until - power.end()), low, low);
      }
      break;
    }
    default:
      while (power.end() < until) {
        const double step = level();
        power.append(std::min(rng.uniform(1.0, 20.0), until - power.end()), step, step);
      }
  }
}

/// How a kind of counter shows energy.
struct CounterNature {
  double tick_uj = 1.0;                  ///< A whole number; the counter shows multiples of it.
  std::optional<std::uint64_t> modulus;  ///< In microjoules.
  double refresh = 1e-3;
  double least_watts = 5.0;
  double most_watts = 200.0;
  double believed_watts = 400.0;  ///< What the meter is told.
  double gain_error = 0.05;       ///< Half width of a 95 % interval.
  double read_seconds = 20e-6;    ///< A read takes up to so long.
};

/// What goes wrong with a counter in one trace.
struct CounterFaults {
  double fail_share = 0.0;                          ///< Of the reads.
  double glitch_share = 0.0;                        ///< Of the reads.
  double refresh_jitter = 0.1;                      ///< Of the refresh.
  std::vector<double> resets;                       ///< Moments at which it starts again at 0.
  std::optional<std::pair<double, double>> freeze;  ///< It shows nothing new in between.
};

/// A counter of microjoules on a true power.
class SimulatedCounter {
 public:
  SimulatedCounter(const TruePower& power, CounterNature nature, CounterFaults faults, double gain,
                   std::uint64_t seed)
      : power_(&power),
        nature_(nature),
        faults_(std::move(faults)),
        gain_(gain),
        seed_(seed),
        rng_(seed),
        start_(nature_.modulus ? static_cast<double>(rng_.index(*nature_.modulus))
                               : rng_.uniform(1e9, 1e13)),
        phase_(rng_.uniform(0.0, nature_.refresh)) {}

  [[nodiscard]] const CounterNature& nature() const { return nature_; }

  /// What a read at that moment says.
  [[nodiscard]] Result<std::uint64_t> read(double at) {
    if (at >= trouble_until_) start_trouble(at);
    if (at >= trouble_until_) return value(at);
    if (!glitch_) return fail(ErrorKind::Transient, "simulated");
    return *glitch_;
  }

 private:
  /// A failure or a glitch: over at once, or only after a while.
  void start_trouble(double at) {
    const double kind = rng_.uniform();
    if (kind >= faults_.fail_share + faults_.glitch_share) return;
    trouble_until_ = at + (rng_.uniform() < 0.5 ? 1e-9 : -0.5 * std::log(1.0 - rng_.uniform()));
    glitch_ = kind < faults_.fail_share ? std::nullopt : std::optional(glitch(at));
  }

  [[nodiscard]] std::uint64_t value(double at) const {
    double shown = last_update(at);
    if (faults_.freeze && at >= faults_.freeze->first && at < faults_.freeze->second) {
      shown = std::min(shown, last_update(faults_.freeze->first));
    }
    double since = 0.0;
    double start = start_;
    for (const double reset : faults_.resets) {
      if (reset > shown) continue;
      since = reset;
      start = 0.0;
    }
    const double joules = power_->joules(std::max(shown, 0.0)) - power_->joules(since);
    const double uj = start + gain_ * joules * 1e6;
    const auto ticks = static_cast<std::uint64_t>(uj / nature_.tick_uj);
    const auto whole = ticks * static_cast<std::uint64_t>(nature_.tick_uj);
    return nature_.modulus ? whole % *nature_.modulus : whole;
  }

  /// Updates come every refresh, each a little early or late.
  [[nodiscard]] double last_update(double at) const {
    auto number = static_cast<std::int64_t>(std::floor((at - phase_) / nature_.refresh)) + 1;
    while (update(number) > at) --number;
    return update(number);
  }
  [[nodiscard]] double update(std::int64_t number) const {
    const std::uint64_t mixed = mix_seed(seed_, static_cast<std::uint64_t>(number));
    const double even = static_cast<double>(mixed >> 11) * 0x1p-53 - 0.5;
    return phase_ + nature_.refresh * (static_cast<double>(number) + faults_.refresh_jitter * even);
  }

  [[nodiscard]] std::uint64_t glitch(double at) {
    switch (rng_.index(4)) {
      case 0:
        return 0;
      case 1:
        return rng_.index(1000);
      case 2:
        return value(at) / 2;
      default:
        return nature_.modulus ? *nature_.modulus - 1 : 0xffff'ffff'ffffULL;
    }
  }

  const TruePower* power_;
  CounterNature nature_;
  CounterFaults faults_;
  double gain_;
  std::uint64_t seed_;
  Rng rng_;
  double start_;
  double phase_;
  double trouble_until_ = -1.0;
  std::optional<std::uint64_t> glitch_;  ///< What is shown in the trouble; none: reads fail.
};

}  // namespace wattune::fake
