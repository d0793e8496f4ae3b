#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

// Stage 1: what a sample costs at each batch size. A unit of work is a sample; where the resource
// counts epochs it is an epoch, which holds the same samples at every batch size.

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

/// What the probe found out about one batch size.
struct ProbedSize {
  std::int64_t batch_size = 0;
  TrialId trial;
  bool has_failed = false;
  std::optional<double> joules_per_unit;
  std::optional<double> units_per_second;
};

/// Where the probe stands.
struct ProbeState {
  std::vector<ProbedSize> sizes;     ///< Probed so far, ascending.
  std::optional<std::int64_t> next;  ///< To be probed; nothing when done.
  bool is_running = false;

  [[nodiscard]] bool is_done() const { return !next && !is_running; }
};

/// Goes through the batch sizes in ascending order. The first one that fails ends the probe: the
/// memory is taken to be full, and larger sizes are not tried. A probe that was interrupted before
/// it had measured enough is done again as a new trial.
[[nodiscard]] ProbeState follow_probe(const trial::History& history,
                                      const std::vector<std::int64_t>& batch_sizes,
                                      const Sm2Options& options);

/// Sizes whose energy per sample is within the tolerance of the least; all that run where no
/// energy is known.
[[nodiscard]] std::vector<std::int64_t> efficiency_window(const std::vector<ProbedSize>& sizes,
                                                          double tolerance);

/// The trial that probes a batch size.
[[nodiscard]] NewTrial probe_trial(const trial::History& history,
                                   const space::Configuration& configuration,
                                   std::int64_t batch_size, const Sm2Options& options);

}  // namespace wattune::strategies
