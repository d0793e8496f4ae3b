#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace wattune::train {

/// Mean over layers of the mean of a^2 / (a^2 + sigma) over a layer's activations: close to the
/// share of them that is not zero, but with a slope.
///
/// Takes    activations  one tensor per layer, at least one
/// Gives    one number in [0, 1)
/// Source   the penalty of energy-aware training: Lazzaro et al., ICIAP 2023, arXiv:2307.00368
/// Differs  its code is not public; the form is that of the same group's sponge poisoning, where
/// the
///          sign is opposite
at::Tensor sparsity_penalty(const std::vector<at::Tensor>& activations, double sigma);

/// Counts activations that are not exactly zero.
struct ActivationCounts {
  std::int64_t non_zero = 0;
  std::int64_t all = 0;

  void add(const std::vector<at::Tensor>& activations);
  [[nodiscard]] double density() const {
    return static_cast<double>(non_zero) / static_cast<double>(all);
  }
};

}  // namespace wattune::train
