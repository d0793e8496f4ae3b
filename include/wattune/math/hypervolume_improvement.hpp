#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace wattune::math {

struct Box;  // wattune/math/box_decomposition.hpp

// Symbols: losses, lower is better; k objectives, s samples, c boxes. The improvement of a point is
// the volume that it adds to what the front dominates below the reference point.

/// An acquisition value for two objectives, independent and normal.
struct PairAcquisition {
  double value = 0.0;
  std::array<double, 2> d_mean{};
  std::array<double, 2> d_deviation{};
};

/// Expected hypervolume improvement for two objectives, in closed form.
///
/// Threads  immutable; any number
/// Cost     O(size of the front) for each value
/// Source   Emmerich, Deutz, Klinkenberg, CEC 2011, doi:10.1109/CEC.2011.5949880; logarithm in the
///          manner of Ament et al., NeurIPS 2023, arXiv:2310.20708
/// Differs  strips between neighbours on the front, each a product of differences of
/// one-dimensional
///          expected improvements
class PairImprovement {
 public:
  /// Takes    front  any points of two finite losses; dominated ones and those beyond the reference
  ///          do no harm, and there may be none
  PairImprovement(std::span<const std::vector<double>> front, std::array<double, 2> reference);

  /// Takes    deviations  above 0
  [[nodiscard]] PairAcquisition expected(const std::array<double, 2>& means,
                                         const std::array<double, 2>& deviations) const;
  /// Logarithm of expected(), finite and with useful derivatives however small it is.
  [[nodiscard]] PairAcquisition log_expected(const std::array<double, 2>& means,
                                             const std::array<double, 2>& deviations) const;

 private:
  struct Strip {
    double lower;  // of the first loss; may be -infinity
    double upper;  // of the first loss
    double top;    // of the second loss; what improves lies below
  };
  struct Sum {
    PairAcquisition acquisition;
    double magnitude;  // of what was added and subtracted on the way
  };
  [[nodiscard]] Sum sum_strips(const std::array<double, 2>& means,
                               const std::array<double, 2>& deviations) const;
  [[nodiscard]] PairAcquisition sum_logarithms(const std::array<double, 2>& means,
                                               const std::array<double, 2>& deviations) const;

  std::vector<Strip> strips_;
};

/// An acquisition value over samples, and its derivative with respect to each sample.
struct SampledAcquisition {
  double value = 0.0;
  Eigen::MatrixXd gradient;  ///< [s x k]
};

/// How soft the logarithmic form is; `improvement` in units of the losses, `choice` relative.
struct Softness {
  double improvement = 1e-6;
  double choice = 1e-2;
};

/// Hypervolume improvement averaged over samples of the losses.
///
/// With one front for all samples this is expected hypervolume improvement; with a front for each
/// sample, drawn jointly with the candidate, its noisy form.
///
/// Threads  immutable; any number
/// Cost     O(s c k) for one candidate, 2^q - 1 times that for q
/// Source   Daulton, Balandat, Bakshy, NeurIPS 2020, arXiv:2006.05078 (qEHVI) and NeurIPS 2021,
///          arXiv:2105.08195 (qNEHVI); logarithms: Ament et al., NeurIPS 2023, arXiv:2310.20708
class SampledImprovement {
 public:
  /// Takes    boxes  disjoint, covering what the front leaves; one set for all samples, or one for
  ///          each
  explicit SampledImprovement(std::span<const std::vector<Box>> boxes, Softness softness = {});

  /// Takes    samples  [s x k] of one candidate
  [[nodiscard]] SampledAcquisition expected(const Eigen::MatrixXd& samples) const;
  [[nodiscard]] SampledAcquisition log_expected(const Eigen::MatrixXd& samples) const;

  /// What q candidates add together.
  ///
  /// Takes    samples  q matrices [s x k]; 1 <= q <= 8
  [[nodiscard]] double expected_of_batch(std::span<const Eigen::MatrixXd> samples) const;
  [[nodiscard]] double log_expected_of_batch(std::span<const Eigen::MatrixXd> samples) const;

 private:
  /// Boxes of one front, side by side.
  struct BoxColumns {
    Eigen::ArrayXXd upper;        // [c x k]
    Eigen::ArrayXXd lengths;      // [c x k], infinite where a box is open below
    Eigen::ArrayXXd log_lengths;  // [c x k]
  };
  [[nodiscard]] const BoxColumns& front_of(Eigen::Index sample) const;
  void require_samples(const Eigen::MatrixXd& samples) const;

  std::vector<BoxColumns> fronts_;
  Eigen::Index num_objectives_ = 0;
  Softness softness_;
};

}  // namespace wattune::math
