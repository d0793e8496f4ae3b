#pragma once

#include <cmath>

namespace wattune::samplers {

/// Logarithm of a product of positive factors: as many share one logarithm as lose no digits.
class ProductLog {
 public:
  explicit ProductLog(double first = 1.0) : product_(first) {}

  void multiply(double factor) {
    product_ *= factor;
    if (product_ > 1e-100 && product_ < 1e100) return;
    sum_ += std::log(product_);
    product_ = 1.0;
  }
  [[nodiscard]] double log() const { return sum_ + std::log(product_); }

 private:
  double sum_ = 0.0;
  double product_;
};

}  // namespace wattune::samplers
