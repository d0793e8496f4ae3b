#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

// Stages 0 and 1: how much memory there is, and what a sample costs at each batch size. A unit of
// work is a sample; where the resource counts epochs it is an epoch, which holds the same samples
// at every batch size.

/// Units of work that a step stands for.
[[nodiscard]] double work_at(trial::ResourceUnit unit, double step,
                             std::optional<double> batch_size);

/// What one probe trial has measured after its warm-up.
struct ProbeMeasurement {
  std::optional<double> num_steps;  ///< Optimiser steps; nothing where the program hides them.
  double work = 0.0;
  Seconds duration;
  std::optional<Joules> energy;
};

/// Nothing before the first report. A trial that ended within its warm-up is measured from its
/// start.
[[nodiscard]] std::optional<ProbeMeasurement> measure_probe(const trial::History& history,
                                                            const trial::Trial& trial,
                                                            const Sm2Options& options);

/// May this probe stop?
[[nodiscard]] bool is_enough(const std::optional<ProbeMeasurement>& measured,
                             const Sm2Options& options);

/// What the probe found out about one batch size. Power, memory and utilisation are for the report.
struct ProbedSize {
  std::int64_t batch_size = 0;
  TrialId trial;
  bool has_failed = false;
  bool is_over_memory = false;  ///< Ran, but filled more of the memory than it may.
  std::optional<double> joules_per_unit;
  std::optional<double> units_per_second;
  std::optional<Watts> power;  ///< Mean after the warm-up.
  std::optional<double> memory_share;
  std::optional<double> utilisation;

  [[nodiscard]] bool is_usable() const { return !has_failed && !is_over_memory; }
};

/// Where the probe stands.
struct ProbeState {
  std::vector<ProbedSize> sizes;     ///< Probed so far, ascending.
  std::optional<std::int64_t> next;  ///< To be probed; nothing when done.
  bool is_running = false;

  [[nodiscard]] bool is_done() const { return !next && !is_running; }
};

/// Goes through the batch sizes in ascending order. The first one that fails, or says that it fills
/// more of the memory than it may, ends the probe: larger sizes are not tried. A probe that was
/// interrupted before it had measured enough is done again as a new trial.
[[nodiscard]] ProbeState follow_probe(const trial::History& history,
                                      const std::vector<std::int64_t>& batch_sizes,
                                      const Sm2Options& options);

/// Sizes whose energy per sample is within the tolerance of the least; all that run where no
/// energy is known. A size that fills too much of the memory is in it only where no other runs.
[[nodiscard]] std::vector<std::int64_t> efficiency_window(const std::vector<ProbedSize>& sizes,
                                                          double tolerance);

/// What a probe trial is there for: kept as the bracket of its assignment.
constexpr std::uint16_t kSizeProbe = 0;
constexpr std::uint16_t kRateProbe = 1;

/// A probe trial that reports every so many optimiser steps, or every epoch where those are
/// counted.
[[nodiscard]] NewTrial probe_trial(const trial::History& history,
                                   const space::Configuration& configuration, std::uint16_t kind,
                                   double num_steps);

/// Optimiser steps up to a report; nothing where only epochs are known.
[[nodiscard]] std::optional<double> steps_at(trial::ResourceUnit unit, const trial::Report& report,
                                             double batch_size);

}  // namespace wattune::strategies
