#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "models/named_tensor.hpp"
#include "tactics/facts.hpp"

namespace wattune::train {

/// A network as seen by whoever writes it down.
struct ExportedNetwork {
  /// Dots in a name make modules: "block0.weight" is the parameter `weight` of `block0`. The very
  /// tensors that `forward` uses.
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> buffers;
  std::function<at::Tensor(const at::Tensor&)> forward;  ///< In evaluation mode.
  /// Of two samples or more. Nothing that depends on their number may be a constant of the trace,
  /// which is checked.
  at::Tensor example;
  ModelFacts facts;
};

/// Writes a network as TorchScript, which C++ and Python load alike.
///
/// The file is complete whenever it exists. Weights are copied, so that the file holds no more.
///
/// Errors   std::runtime_error  the file cannot be written, or the trace gives other outputs for
///                              another number of samples
void export_torchscript(const std::filesystem::path& path, const ExportedNetwork& network);

}  // namespace wattune::train
