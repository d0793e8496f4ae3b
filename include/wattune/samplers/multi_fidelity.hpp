#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/sampler.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::samplers {

/// What is modelled of trainings that were cut short.
enum class FidelityModel : std::uint8_t {
  Joint,    ///< One process over configuration and resource, of all partial curves.
  OneRung,  ///< A process over configurations at the largest step that enough trials have reached.
};

struct MultiFidelityOptions {
  FidelityModel model = FidelityModel::Joint;
  /// Auto, LogEi, Ei, Pi, Ucb, LogEhvi, QLogNehvi or QNehvi, always of a full training.
  GpAcquisition acquisition = GpAcquisition::Auto;
  GpKernel kernel = GpKernel::Matern52;      ///< Of configurations.
  GpKernel resource_kernel = GpKernel::Rbf;  ///< Of the logarithm of the resource: Joint.
  std::size_t num_startup = 10;              ///< Trials before the model is used.
  std::size_t max_values = 260;              ///< A model is made of; of partial curves.
  double optimism = 2.0;                     ///< Standard deviations that Ucb takes off.
  /// [objectives] In their own units; the worst values that count. Not set: a quarter of the
  /// front's range beyond its worst.
  std::optional<std::vector<double>> reference_point = std::nullopt;
  std::size_t num_samples = 128;        ///< Of QLogNehvi and QNehvi.
  std::size_t num_raw = 512;            ///< Candidates that the acquisition is looked up at.
  std::size_t num_polished = 4;         ///< The best of them, which are climbed from.
  std::size_t max_enumerated = 10'000;  ///< Smaller spaces are searched in full.
  std::uint64_t seed = 0;               ///< Of the Sobol start.
};

/// Suggests what promises most of a full training, learning from trainings paused or stopped on
/// their way.
///
/// For use under a scheduler that cuts trials short. Each objective and each constraint has a
/// process over configuration and resource; failures are infeasible. Trials without a full training
/// are believed to end as predicted, so that nothing like them is asked for again.
///
/// Errors   ConfigError  an acquisition that does not fit the number of objectives or is not in the
///          list above, a reference point of another length, counts of 0
/// Cost     O(max_values^3) once per objective and constraint, O(max_values^2) per candidate
/// Source   OneRung: Falkner, Klein, Hutter, ICML 2018, arXiv:1807.01774, with a Gaussian process;
///          Joint: see wattune/math/curve_process.hpp
[[nodiscard]] std::unique_ptr<Sampler> make_multi_fidelity(const trial::Problem& problem,
                                                           const MultiFidelityOptions& options);

}  // namespace wattune::samplers
