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
  Rung,        ///< Per sample of this rung's share of the training.
  Cumulative,  ///< Per sample of the training so far.
  Projected,   ///< From the start of the training until a target quality, projected by a curve.
};

/// What the halving chooses among.
enum class Sm2Order : std::uint8_t {
  Joint,           ///< Pairs of batch size and learning rate.
  BatchSizeFirst,  ///< First batch sizes, at the default learning rate; then learning rates.
};

/// How the learning rates of the candidates are found.
enum class RateSearch : std::uint8_t {
  Grid,
  RangeTest,  ///< The grid without the rates that diverge in a short training.
};

/// Of what every candidate of a rung gets the same.
enum class RungUnit : std::uint8_t { Samples, Joules };

/// Who goes on from a rung.
enum class HalvingRule : std::uint8_t {
  Score,         ///< The better part by the score f.
  NonDominated,  ///< The better part by fronts of quality and energy: no weights.
  CostAware,     ///< The best by quality that took 1 / eta of the rung's energy.
};

/// What an optimiser's usual learning rates follow from.
enum class OptimizerKind : std::uint8_t {
  Auto,  ///< As the value of the parameter `optimizer` or `optimiser` says, if there is one.
  Adam,  ///< Steps of a size of their own: Adam, RMSprop, Adagrad and their kin; 1e-5 to 0.1.
  Sgd,   ///< Steps as large as the gradient: 1e-4 to 1.
  None,  ///< The parameter's whole range.
};

struct Sm2Options {
  // Stage 0: the probe.
  Seconds idle_duration{10.0};  ///< 0: the power without work is not measured.
  double memory_limit = 0.9;    ///< Batch sizes that fill more of the memory are out.
  std::string memory_metric = "memory_share";  ///< Share of the memory in use, of 1.
  std::string utilisation_metric = "utilisation";
  // Stage 1: the efficiency window.
  double num_warmup_steps = 20.0;  ///< Optimiser steps that are not measured.
  double min_probe_steps = 50.0;
  Seconds min_probe_duration{5.0};
  double window_tolerance = 0.10;  ///< Batch sizes within this of the cheapest are candidates.
  // Stage 2: the candidates.
  RateSearch rate_search = RateSearch::Grid;
  std::size_t num_learning_rates = 8;
  OptimizerKind optimizer = OptimizerKind::Auto;
  double range_test_steps = 100.0;  ///< Optimiser steps of one training of the range test.
  std::size_t max_candidates = 16;
  // Stage 3: the rungs.
  Sm2Order order = Sm2Order::Joint;
  RungUnit rung_unit = RungUnit::Samples;
  HalvingRule rule = HalvingRule::Score;
  std::size_t eta = 2;
  double first_rung_fraction = 0.05;        ///< Of an epoch, where its length is known.
  std::optional<double> samples_per_epoch;  ///< Not needed where the resource is epochs.
  Seconds min_rung_duration{5.0};           ///< Of the first rung, on the slowest candidate.
  std::size_t reports_per_rung = 2;         ///< What a candidate is asked for.
  // The score.
  Sm2Weights weights;
  EnergyMode energy_mode = EnergyMode::Rung;
  std::optional<double> target_quality;  ///< Of Projected; else the best of the rung.
  double noise_floor = 0.02;
  double divergence_factor = 4.0;  ///< Of the smoothed training loss over its start.
  std::string training_loss = "train_loss";
};

/// Spends a little energy on a probe and on short trainings to save most of it: probes what a
/// sample costs at each batch size, trains candidates from the cheap ones, and halves them on a
/// score of quality, energy and stability until one goes on to a full training.
///
/// Without a parameter of role batch_size there is no window; without one of role learning_rate
/// there is no grid. Both leave the choice to the sampler, which draws all other parameters.
///
/// Takes    problem  its resource counts epochs, steps or samples
///          sampler  of all parameters; its values for the two roles are replaced
/// Errors   ConfigError  the resource is a whole run; an option out of range; a batch size that is
///          neither an integer nor a choice of integers
/// Cost     per decision O(1) in the number of candidates, and O(n log n) where a rung of n ends
/// Source   Geissler, Zhou, Suh, Lukowicz, 2024, arXiv:2412.08526: the outline only; docs/sm2.md
///          says what is theirs and what was decided here
[[nodiscard]] std::unique_ptr<Strategy> make_sm2(const trial::Problem& problem,
                                                 std::unique_ptr<samplers::Sampler> sampler,
                                                 const Sm2Options& options = {});

}  // namespace wattune::strategies
