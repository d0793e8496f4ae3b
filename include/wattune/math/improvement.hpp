#pragma once

namespace wattune::math {

// Acquisition values of a loss (lower is better) that is normal with a mean and a standard
// deviation above 0. `best` is the loss to improve on. Each comes with its derivatives.

struct AcquisitionValue {
  double value = 0.0;
  double d_mean = 0.0;       ///< Derivative with respect to the mean.
  double d_deviation = 0.0;  ///< Derivative with respect to the standard deviation.
};

/// E[max(best - loss, 0)].
///
/// Source   Jones, Schonlau, Welch, J. Global Optim. 13, 1998, doi:10.1023/A:1008306431147
[[nodiscard]] AcquisitionValue expected_improvement(double mean, double deviation, double best);

/// Logarithm of expected_improvement, finite and with useful derivatives however small it is.
///
/// Source   Ament, Daulton, Eriksson, Balandat, Bakshy, NeurIPS 2023, arXiv:2310.20708, section 4.1
[[nodiscard]] AcquisitionValue log_expected_improvement(double mean, double deviation, double best);

/// P(loss < best).
[[nodiscard]] AcquisitionValue probability_of_improvement(double mean, double deviation,
                                                          double best);

/// mean - weight x deviation: the loss that an optimist expects; it is to be minimised.
///
/// Source   Srinivas, Krause, Kakade, Seeger, ICML 2010, arXiv:0912.3995
[[nodiscard]] AcquisitionValue lower_confidence_bound(double mean, double deviation, double weight);

/// ln P(loss < threshold); the sum over constraints is the log probability of feasibility.
[[nodiscard]] AcquisitionValue log_probability_below(double mean, double deviation,
                                                     double threshold);
/// ln P(loss > threshold).
[[nodiscard]] AcquisitionValue log_probability_above(double mean, double deviation,
                                                     double threshold);

}  // namespace wattune::math
