#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <vector>

namespace wattune::train {

enum class SparsePolicy : std::uint8_t {
  WhereFaster,  ///< Both kernels of every layer are timed with the batch at hand.
  Always,
};

struct SparseRewrite {
  torch::jit::Module module;
  std::int64_t num_dense_layers = 0;
  std::int64_t num_sparse = 0;  ///< Of them, with a sparse kernel now.
};

/// Lets dense layers whose weights are mostly 0 compute without the zeros.
///
/// Takes    example  inputs of the module, whose first size is the number of samples to time with
/// Differs  convolutions keep their dense kernels
[[nodiscard]] SparseRewrite use_sparse_kernels(const torch::jit::Module& module,
                                               const std::vector<c10::IValue>& example,
                                               SparsePolicy policy);

}  // namespace wattune::train
