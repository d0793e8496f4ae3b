#pragma once

#include <cmath>
#include <limits>

namespace wattune::math {

/// Sums numbers of which the logarithms are known, without leaving the range of double.
class LogSum {
 public:
  /// What to multiply with so that everything is in units of the largest term so far.
  struct Factors {
    double kept;    ///< What was in the old unit.
    double weight;  ///< The term itself.
  };

  Factors add(double log_term) {
    if (log_term > largest_) {
      const double kept = std::exp(largest_ - log_term);
      largest_ = log_term;
      sum_ = sum_ * kept + 1.0;
      return {kept, 1.0};
    }
    if (log_term == -std::numeric_limits<double>::infinity()) return {1.0, 0.0};
    const double weight = std::exp(log_term - largest_);
    sum_ += weight;
    return {1.0, weight};
  }

  /// Logarithm of the sum; -infinity without terms.
  [[nodiscard]] double value() const { return largest_ + std::log(sum_); }
  /// The sum in units of the largest term.
  [[nodiscard]] double scaled_sum() const { return sum_; }

 private:
  double largest_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0.0;
};

}  // namespace wattune::math
