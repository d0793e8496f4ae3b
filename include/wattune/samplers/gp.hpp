#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "wattune/samplers/sampler.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::samplers {

/// What the model's best guess and its doubt are made into, to be maximised.
enum class GpAcquisition : std::uint8_t {
  Auto,       ///< One objective: LogEi. Two: LogEhvi, or QLogNehvi where there is noise. Else that.
  LogEi,      ///< Logarithm of expected improvement; one objective, as the next three.
  Ei,         ///< Expected improvement.
  Pi,         ///< Probability of improvement.
  Ucb,        ///< The loss that an optimist expects.
  LogEhvi,    ///< Logarithm of expected hypervolume improvement, in closed form; two objectives.
  QLogNehvi,  ///< The same over joint samples of the front and the candidate: any noise and number.
  QNehvi,     ///< QLogNehvi without logarithm.
  QNparego,   ///< Improvement of a Chebyshev sum with new random weights every time.
};

enum class GpKernel : std::uint8_t { Rbf, Matern52 };

enum class ConstraintHandling : std::uint8_t {
  Probability,  ///< The acquisition times the probability of feasibility.
  Penalty,      ///< No model of constraints: a square of the violation is added to every loss.
};

/// One number from a quality (the first objective) and a cost (the second).
enum class ScalarisationKind : std::uint8_t {
  Weighted,   ///< weight x quality - (1 - weight) x cost, both scaled to the observed range.
  Product,    ///< quality x (cost / target)^exponent; positive values.
  HardLimit,  ///< Quality; where the cost is above the target, worse than any that keeps it.
  Harmonic,   ///< Weighted harmonic mean of quality and thrift, both scaled to the observed range.
};

struct Scalarisation {
  ScalarisationKind kind = ScalarisationKind::Weighted;
  double weight = 0.5;      ///< Of quality, 0 to 1: Weighted, Harmonic.
  double exponent = -0.07;  ///< Below 0: Product.
  /// Of the cost, above 0: Product (else the median of what was observed), HardLimit (needed).
  std::optional<double> target = std::nullopt;
};

struct GpOptions {
  GpAcquisition acquisition = GpAcquisition::Auto;
  /// Trials before the model is used, the default configuration among them; not set: twice the
  /// parameters, from 5 to 10.
  std::optional<std::size_t> num_startup = std::nullopt;
  /// Of the losses; not set: Matern52 of one loss, Rbf of several. Constraints have Rbf.
  std::optional<GpKernel> kernel = std::nullopt;
  /// How far losses are believed to vary, as a share of the standard deviation of those observed:
  /// less stays nearer to what is good. 0.01 to 100; not set: 0.7 of one loss, 1 of several.
  std::optional<double> prior_deviation = std::nullopt;
  bool log_costs = true;  ///< Energy, duration, carbon, cost and joules per sample as logarithms?
  bool winsorise = true;  ///< Are very bad losses pulled in?
  /// Are losses with a long bad tail evened out by a shifted logarithm? Not set: one loss, where
  /// that makes what was observed more likely.
  std::optional<bool> even_out = std::nullopt;
  double optimism = 2.0;  ///< Standard deviations that Ucb takes off.
  /// [objectives] In their own units; the worst values that count. Not set: a quarter of the
  /// front's range beyond its worst.
  std::optional<std::vector<double>> reference_point = std::nullopt;
  /// [objectives] Standard deviation of an observation's noise, in the objective's unit, where it
  /// is known; not set: inferred, unless finalists tell.
  std::vector<std::optional<double>> noise_deviations = {};
  ConstraintHandling constraints = ConstraintHandling::Probability;
  double penalty_weight = 10.0;  ///< Of the square, in standard deviations: Penalty.
  std::optional<Scalarisation> scalarisation = std::nullopt;
  /// Improvement per expected joule: the acquisition is divided by the predicted energy of a
  /// training to this power, which cools to 0 as a budget is spent.
  std::optional<double> cost_exponent = std::nullopt;
  /// Of the whole study, in joules and in trials, where they are known. In the last tenth of either
  /// the sampler stays near what it holds for good.
  std::optional<double> budget_j = std::nullopt;
  std::optional<std::size_t> budget_trials = std::nullopt;
  std::size_t num_samples = 128;  ///< Of QLogNehvi, QNehvi and QNparego.
  /// Candidates that the acquisition is looked up at, and how many of the best are climbed from;
  /// not set: 512 and 4, of several objectives under constraints 1024 and 12.
  std::optional<std::size_t> num_raw = std::nullopt;
  std::optional<std::size_t> num_polished = std::nullopt;
  std::size_t max_observations = 1000;  ///< A model is made of; the best ones and the latest.
  std::size_t max_enumerated = 10'000;  ///< Smaller spaces are searched in full.
  std::uint64_t seed = 0;               ///< Of the Sobol start.
};

/// Models losses as Gaussian processes, and suggests what promises most.
///
/// Constraints have processes of their own, and so does the success of a trial: failures are
/// infeasible, never a bad number. Before anything feasible is known, feasibility alone is sought.
/// Pending trials are believed to end as predicted; trials cut short no better than the middle of
/// those that went on.
///
/// Errors   ConfigError  an acquisition that does not fit the number of objectives, a scalarisation
///          of other than two, a reference point or noise of another length, counts of 0, weights
///          outside their range
/// Cost     O(n^3) once per objective and constraint for the n observations, O(n^2) per candidate
/// Source   see docs/papers.md, "Gaussian processes in samplers"
[[nodiscard]] std::unique_ptr<Sampler> make_gp(const trial::Problem& problem,
                                               const GpOptions& options);

}  // namespace wattune::samplers
