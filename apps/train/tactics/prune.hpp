#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>

namespace wattune::train {

/// Sets the smallest weights, by magnitude, of every weight tensor to 0, in place.
///
/// Weight tensors are the floating-point parameters of two dimensions and more: not biases, not the
/// scales of normalisations.
///
/// Takes    amount  share of each tensor, in [0, 1); rounded to whole weights
/// Gives    how many weights were set to 0, those that were 0 already included
/// Errors   NotSupported  the module has no weight tensors
/// Source   Han et al., NeurIPS 2015, arXiv:1506.02626, section 3 (magnitude); without training
///          afterwards
std::int64_t prune_locally(torch::jit::Module& module, double amount);

/// The same with one threshold for all weight tensors together.
std::int64_t prune_globally(torch::jit::Module& module, double amount);

}  // namespace wattune::train
