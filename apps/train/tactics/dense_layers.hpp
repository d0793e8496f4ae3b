#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace wattune::train {

/// A dense layer in the code of a frozen module, in whichever of its spellings it stands there.
struct DenseLayer {
  torch::jit::Node* node;   ///< aten::linear, addmm, matmul or mm.
  std::size_t input_index;  ///< Which of its operands is the input [... x in].
  at::Tensor weight;        ///< [out x in]
  std::optional<at::Tensor> bias;

  /// As the code stands now: a layer in front may have been replaced meanwhile.
  [[nodiscard]] torch::jit::Value* input() const { return node->input(input_index); }
};

/// A copy of the module in evaluation mode whose weights are constants of its code; nothing else is
/// optimised.
[[nodiscard]] torch::jit::Module freeze_only(const torch::jit::Module& module);

/// The dense layers with constant weights, in the order of the code.
[[nodiscard]] std::vector<DenseLayer> find_dense_layers(const torch::jit::Module& frozen);

/// Lets a call of `op` (such as "quantized::linear_dynamic") take the place of a layer.
void replace_layer(const DenseLayer& layer, const char* op,
                   const std::vector<torch::jit::Value*>& inputs);

/// Adds to the module what is no number, such as packed weights, and gives it as a value for a call
/// in the place of `node`.
[[nodiscard]] torch::jit::Value* add_constant(torch::jit::Module& frozen, torch::jit::Node* node,
                                              const char* prefix, const c10::IValue& value);

/// Removes what nobody uses any more.
void clean_up(const torch::jit::Module& frozen);

}  // namespace wattune::train
