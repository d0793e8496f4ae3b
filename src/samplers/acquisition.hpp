#pragma once

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wattune/math/gaussian_process.hpp"
#include "wattune/math/posterior.hpp"
#include "wattune/samplers/gp.hpp"

namespace wattune::samplers {

// Symbols: m candidates, d columns, k losses. Losses are on the scale of the processes.

/// What a sampler maximises over rows of features.
///
/// Threads  const functions: any number
class Acquisition {
 public:
  Acquisition(const Acquisition&) = delete;
  Acquisition& operator=(const Acquisition&) = delete;
  virtual ~Acquisition() = default;

  /// Takes    rows  [m x d];  Gives  [m]
  [[nodiscard]] virtual Eigen::VectorXd values(const Eigen::MatrixXd& rows) const = 0;
  /// The same or nearly so, where that is much cheaper: to choose what is worth a closer look.
  [[nodiscard]] virtual Eigen::VectorXd rough_values(const Eigen::MatrixXd& rows) const {
    return values(rows);
  }
  /// Writes the gradient, [d].
  [[nodiscard]] virtual double value(const Eigen::RowVectorXd& row,
                                     Eigen::RowVectorXd& gradient) const = 0;

 protected:
  Acquisition() = default;
};

/// LogEi, Ei, Pi or Ucb of one loss below `best`. The process outlives what is made, as below.
///
/// Gives    of Ucb, the logarithm of a soft positive part of best - bound
[[nodiscard]] std::unique_ptr<Acquisition> make_improvement(GpAcquisition kind,
                                                            const math::Posterior& process,
                                                            double best, double optimism);

/// LogEhvi.
///
/// Takes    processes  two;  front  [points][2];  reference  [2]
[[nodiscard]] std::unique_ptr<Acquisition> make_pair_improvement(
    std::span<const math::Posterior* const> processes, std::span<const std::vector<double>> front,
    std::span<const double> reference);

/// What is drawn jointly, and how often.
struct JointDraws {
  std::span<const math::Posterior* const> processes;  // [k]
  /// Rows whose losses make the fronts: [b x d]. Pending ones are among them.
  const Eigen::MatrixXd& baseline;
  std::size_t num_samples = 128;
  std::uint64_t seed = 0;
};

/// QLogNehvi or QNehvi. A sample's front is what it gives at the baseline.
[[nodiscard]] std::unique_ptr<Acquisition> make_noisy_hypervolume_improvement(
    GpAcquisition kind, const JointDraws& draws, std::span<const double> reference);

/// QNparego: logarithm of the expected improvement of the augmented Chebyshev sum of losses, which
/// are scaled to the range of the baseline's means.
///
/// Takes    weights  [k], adding to 1
[[nodiscard]] std::unique_ptr<Acquisition> make_noisy_chebyshev_improvement(
    const JointDraws& draws, std::span<const double> weights);

/// A bound on what a process predicts, on its scale.
struct Bound {
  const math::Posterior* process = nullptr;
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
};

/// What the acquisition is multiplied with.
struct Modifiers {
  std::vector<Bound> bounds;  ///< Each by the probability of keeping it.
  /// The exponential of what this predicts, to the power of -cost_exponent.
  const math::Posterior* log_cost = nullptr;
  double cost_exponent = 0.0;
};

/// Multiplies: in logarithms where the acquisition is one, else as it stands.
///
/// Takes    core  nothing: the modifiers alone, as a logarithm
[[nodiscard]] std::unique_ptr<Acquisition> make_modified(std::unique_ptr<Acquisition> core,
                                                         bool is_logarithm, Modifiers modifiers);

}  // namespace wattune::samplers
