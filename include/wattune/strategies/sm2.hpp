#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "wattune/base/units.hpp"
#include "wattune/samplers/sampler.hpp"
#include "wattune/strategies/sm2_score.hpp"
#include "wattune/strategies/strategy.hpp"

namespace wattune::strategies {

/// Which energy a rung compares.
enum class EnergyMode : std::uint8_t {
  Rung,        ///< Of this rung's share of the training.
  Cumulative,  ///< Of the training so far.
};

struct Sm2Options {
  // The probe.
  Seconds idle_duration{10.0};
  double num_warmup_steps = 20.0;  ///< Optimiser steps that are not measured.
  double min_probe_steps = 50.0;
  Seconds min_probe_duration{5.0};
  double window_tolerance = 0.10;  ///< Batch sizes within this of the cheapest are candidates.
  // The candidates.
  std::size_t num_learning_rates = 8;
  std::size_t max_candidates = 16;
  // The rungs.
  double first_rung_fraction = 0.05;        ///< Of an epoch, where its length is known.
  std::optional<double> samples_per_epoch;  ///< Not needed where the resource is epochs.
  Seconds min_rung_duration{5.0};           ///< Of the first rung, on the slowest candidate.
  std::size_t reports_per_rung = 2;         ///< What a candidate is asked for.
  // The score.
  Sm2Weights weights;
  EnergyMode energy_mode = EnergyMode::Rung;
  double noise_floor = 0.02;
  double divergence_factor = 4.0;  ///< Of the smoothed training loss over its start.
  std::string training_loss = "train_loss";
};

/// Spends a little energy on a probe and on short trainings to save most of it: probes what a
/// sample costs at each batch size, trains candidates from the cheap ones, and halves them on a
/// score of quality, energy and stability until one goes on to a full training.
///
/// Without a parameter of role batch_size there is no probe; without one of role learning_rate
/// there is no grid. Both leave the choice to the sampler, which draws all other parameters.
///
/// Takes    problem  its resource counts epochs, steps or samples
///          sampler  of all parameters; its values for the two roles are replaced
/// Errors   ConfigError  the resource is a whole run; an option out of range; a batch size that is
///          neither an integer nor a choice of integers
/// Source   Geissler, Zhou, Suh, Lukowicz, 2024, arXiv:2412.08526: the outline only;
/// docs/strategies.md
///          says what is theirs and what was decided here
[[nodiscard]] std::unique_ptr<Strategy> make_sm2(const trial::Problem& problem,
                                                 std::unique_ptr<samplers::Sampler> sampler,
                                                 const Sm2Options& options = {});

}  // namespace wattune::strategies
