#include "training/sparsity.hpp"

#include <ATen/ATen.h>

namespace wattune::train {

at::Tensor sparsity_penalty(const std::vector<at::Tensor>& activations, double sigma) {
  at::Tensor sum;
  for (const at::Tensor& activation : activations) {
    const at::Tensor square = activation.to(at::kFloat).square();
    const at::Tensor layer = (square / (square + sigma)).mean();
    sum = sum.defined() ? sum + layer : layer;
  }
  return sum / static_cast<double>(activations.size());
}

void ActivationCounts::add(const std::vector<at::Tensor>& activations) {
  for (const at::Tensor& activation : activations) {
    non_zero += at::count_nonzero(activation).item<std::int64_t>();
    all += activation.numel();
  }
}

}  // namespace wattune::train
