#pragma once

#include <torch/csrc/jit/api/module.h>

#include "tactics/tactic.hpp"

namespace wattune::train {

/// Dynamic quantisation: dense layers, and the gates of LSTMs, compute in int8.
///
/// Weights are rounded once, symmetrically and with a scale for each output; activations at every
/// call, with one scale for the batch. Convolutions stay as they are: they have no dynamic kernel.
///
/// Errors   NotSupported  this LibTorch has neither fbgemm nor oneDNN; or the model has no such
/// layer Source   Krishnamoorthi, 2018, arXiv:1806.08342, sections 3.1 and 3.2
[[nodiscard]] Transformed use_int8(const torch::jit::Module& module);

}  // namespace wattune::train
