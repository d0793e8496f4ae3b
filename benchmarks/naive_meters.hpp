#pragma once

#include <cmath>
#include <optional>

#include "support/simulated_trace.hpp"

// What simple meters make of the same readings. Each is written from scratch after the behaviour
// that is documented for a family of tools; energies in joules over all channels of a trace.

namespace wattune::bench {

/// The last reading less the first; what cannot be read counts nothing.
inline double joules_without_wrap(const fake::Trace& trace) {
  double sum = 0.0;
  for (const fake::TraceChannel& each : trace.channels) {
    if (each.samples.empty() || !each.samples.front().raw || !each.samples.back().raw) continue;
    sum += 1e-6 * (static_cast<double>(*each.samples.back().raw) -
                   static_cast<double>(*each.samples.front().raw));
  }
  return sum;
}

/// Every fall is a turn of the counter, however unlikely, and a read that fails is a 0.
inline double joules_with_unbounded_wrap(const fake::Trace& trace) {
  double sum = 0.0;
  for (const fake::TraceChannel& each : trace.channels) {
    std::optional<double> last;
    for (const auto& sample : each.samples) {
      const double raw = static_cast<double>(sample.raw.value_or(0));
      if (last) {
        double difference = raw - *last;
        if (difference < 0.0 && each.nature.modulus) {
          difference += static_cast<double>(*each.nature.modulus) - 1.0;
        }
        sum += 1e-6 * difference;
      }
      last = raw;
    }
  }
  return sum;
}

/// Power is looked at every 15 s and taken to have been that all the time since; a shorter window
/// has one look, at its end.
inline double joules_by_polling(const fake::Trace& trace) {
  constexpr double kPeriod = 15.0;
  double sum = 0.0;
  for (const fake::TraceChannel& each : trace.channels) {
    for (double from = trace.from; from < trace.to; from += kPeriod) {
      const double until = std::min(from + kPeriod, trace.to);
      sum += each.power.watts(until) * (trace.monotonic(until) - trace.monotonic(from));
    }
  }
  return sum;
}

}  // namespace wattune::bench
