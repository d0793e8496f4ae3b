#include "tactics/flops.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace wattune::train {
namespace {

using Instruction = Tape::Instruction;
using Values = std::vector<c10::IValue>;

/// Operations without matrix products.
constexpr std::string_view kPlain[] = {"abs",
                                       "add",
                                       "adaptive_avg_pool1d",
                                       "adaptive_avg_pool2d",
                                       "adaptive_max_pool2d",
                                       "alpha_dropout",
                                       "arange",
                                       "argmax",
                                       "avg_pool1d",
                                       "avg_pool2d",
                                       "batch_norm",
                                       "bernoulli",
                                       "broadcast_tensors",
                                       "cat",
                                       "celu",
                                       "chunk",
                                       "clamp",
                                       "clone",
                                       "constant_pad_nd",
                                       "contiguous",
                                       "cos",
                                       "detach",
                                       "dim",
                                       "div",
                                       "dropout",
                                       "elu",
                                       "embedding",
                                       "empty",
                                       "eq",
                                       "erf",
                                       "exp",
                                       "expand",
                                       "expand_as",
                                       "feature_dropout",
                                       "fill",
                                       "flatten",
                                       "floor_divide",
                                       "full",
                                       "gather",
                                       "ge",
                                       "gelu",
                                       "glu",
                                       "group_norm",
                                       "gt",
                                       "hardsigmoid",
                                       "hardswish",
                                       "hardtanh",
                                       "index_select",
                                       "instance_norm",
                                       "layer_norm",
                                       "le",
                                       "leaky_relu",
                                       "len",
                                       "log",
                                       "log_softmax",
                                       "lt",
                                       "masked_fill",
                                       "max",
                                       "max_pool1d",
                                       "max_pool2d",
                                       "mean",
                                       "min",
                                       "mish",
                                       "mul",
                                       "narrow",
                                       "native_layer_norm",
                                       "ne",
                                       "neg",
                                       "ones",
                                       "ones_like",
                                       "pad",
                                       "permute",
                                       "pixel_shuffle",
                                       "pow",
                                       "prelu",
                                       "reciprocal",
                                       "relu",
                                       "relu6",
                                       "remainder",
                                       "repeat",
                                       "reshape",
                                       "rsqrt",
                                       "rsub",
                                       "select",
                                       "selu",
                                       "sigmoid",
                                       "silu",
                                       "sin",
                                       "size",
                                       "slice",
                                       "softmax",
                                       "softplus",
                                       "split",
                                       "split_with_sizes",
                                       "sqrt",
                                       "square",
                                       "squeeze",
                                       "stack",
                                       "sub",
                                       "sum",
                                       "t",
                                       "tanh",
                                       "to",
                                       "transpose",
                                       "tril",
                                       "triu",
                                       "type_as",
                                       "unbind",
                                       "unsqueeze",
                                       "upsample_bilinear2d",
                                       "upsample_nearest2d",
                                       "view",
                                       "view_as",
                                       "where",
                                       "zeros",
                                       "zeros_like",
                                       "__getitem__",
                                       "Int",
                                       "ScalarImplicit",
                                       "Float",
                                       "Bool",
                                       "IntImplicit",
                                       "numpy_T",
                                       "to_mkldnn",
                                       "to_dense"};

bool is_plain(std::string_view kind) {
  if (kind.ends_with('_') && !kind.ends_with("__")) kind.remove_suffix(1);  // in place
  return std::ranges::find(kPlain, kind) != std::end(kPlain);
}

const at::Tensor& tensor(const Instruction& instruction, const Values& values, std::size_t index) {
  return values[instruction.inputs.at(index)].toTensor();
}

const at::Tensor& result(const Instruction& instruction, const Values& values) {
  return values[instruction.outputs.at(0)].toTensor();
}

double count(const at::Tensor& of) {
  return static_cast<double>(of.numel());
}

/// Both gradients of a product take as many operations as the product itself.
Flops product(double forward, std::size_t input_index, std::size_t weights_index) {
  return {forward, forward, forward, input_index, weights_index};
}

/// Weights are [out x in / groups x kernel], those of a transposed one [in x out / groups x
/// kernel].
Flops convolution(const Instruction& instruction, const Values& values, bool is_transposed) {
  const at::Tensor& weight = tensor(instruction, values, 1);
  const double per_place = count(weight) / static_cast<double>(weight.size(0));
  const at::Tensor& places =
      is_transposed ? tensor(instruction, values, 0) : result(instruction, values);
  return product(2 * count(places) * per_place, 0, 1);
}

/// Every gate of every layer multiplies its input and its state at each step of the series.
Flops recurrent(const Instruction& instruction, const Values& values, std::size_t weights_index) {
  const at::Tensor& input = tensor(instruction, values, 0);
  const double num_steps = count(input) / static_cast<double>(input.size(-1));
  double per_step = 0;
  for (const at::Tensor& weight : values[instruction.inputs.at(weights_index)].toTensorVector()) {
    if (weight.dim() == 2) per_step += 2 * count(weight);
  }
  return product(num_steps * per_step, 0, weights_index);
}

/// Batches of products: the inner size is the last one of the left factor.
Flops matrix_product(const Instruction& instruction, const Values& values, std::size_t left_index) {
  const at::Tensor& left = tensor(instruction, values, left_index);
  return product(2 * count(result(instruction, values)) * static_cast<double>(left.size(-1)),
                 left_index, left_index + 1);
}

bool is_transposed_convolution(const Instruction& instruction, const Values& values) {
  return values[instruction.inputs.at(6)].toBool();
}

std::optional<Flops> of_aten(const Instruction& instruction, const Values& values) {
  const std::string kind = instruction.kind();
  if (kind == "conv1d" || kind == "conv2d" || kind == "conv3d") {
    return convolution(instruction, values, false);
  }
  if (kind == "_convolution" || kind == "convolution") {
    return convolution(instruction, values, is_transposed_convolution(instruction, values));
  }
  if (kind.starts_with("conv_transpose")) return convolution(instruction, values, true);
  if (kind == "linear" || kind == "matmul" || kind == "mm" || kind == "bmm" || kind == "mv") {
    return matrix_product(instruction, values, 0);
  }
  if (kind == "addmm" || kind == "baddbmm") return matrix_product(instruction, values, 1);
  if (kind == "lstm" || kind == "gru" || kind == "rnn_tanh" || kind == "rnn_relu") {
    if (instruction.node->schema().overload_name() != "input") return std::nullopt;
    return recurrent(instruction, values, 2);
  }
  if (is_plain(kind)) return Flops{};
  return std::nullopt;
}

}  // namespace

std::optional<Flops> flops_of(const Instruction& instruction, const Values& values) {
  const std::string_view full = instruction.node->kind().toQualString();
  if (full.starts_with("prim::")) return Flops{};
  if (full.starts_with("aten::")) return of_aten(instruction, values);
  if (full == "quantized::linear_dynamic") return matrix_product(instruction, values, 0);
  if (full == "wattune::sparse_linear") {
    const at::Tensor& x = tensor(instruction, values, 0);
    const double num_samples = count(x) / static_cast<double>(x.size(-1));
    return product(2 * num_samples * count(tensor(instruction, values, 3)), 0, 3);
  }
  return std::nullopt;
}

std::optional<double> forward_flops(const Tape& tape) {
  double sum = 0;
  for (const Instruction& instruction : tape.instructions) {
    const std::optional<Flops> flops = flops_of(instruction, tape.values);
    if (!flops) return std::nullopt;
    sum += flops->forward;
  }
  return sum;
}

}  // namespace wattune::train
