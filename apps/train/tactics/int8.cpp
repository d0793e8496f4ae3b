#include "tactics/int8.hpp"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>

#include "tactics/dense_layers.hpp"

namespace wattune::train {
namespace {

namespace jit = torch::jit;

constexpr double kLargestInt8 = 127;

/// Kernels that take weights with a scale for each output, best first.
at::QEngine choose_engine() {
  const auto& engines = at::globalContext().supportedQEngines();
  for (const at::QEngine engine : {at::kFBGEMM, at::kONEDNN}) {
    if (std::ranges::find(engines, engine) != engines.end()) return engine;
  }
  throw NotSupported("int8-dynamic: this LibTorch was built with neither fbgemm nor oneDNN");
}

at::Tensor round_weight(const at::Tensor& weight) {
  const at::Tensor matrix = weight.detach().contiguous();
  const at::Tensor largest = matrix.abs().amax(1).to(at::kDouble).clamp_min(1e-12);
  return at::quantize_per_channel(matrix, largest / kLargestInt8,
                                  at::zeros({matrix.size(0)}, at::kLong), 0, at::kQInt8);
}

c10::IValue pack(const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  static const auto prepack =
      c10::Dispatcher::singleton().findSchemaOrThrow("quantized::linear_prepack", "");
  jit::Stack stack{round_weight(weight)};
  stack.push_back(bias ? c10::IValue(bias->detach().contiguous()) : c10::IValue());
  prepack.callBoxed(stack);
  return stack.at(0);
}

/// The tensors of a list that is always the same.
std::vector<at::Tensor> constant_tensors(const jit::Value* value) {
  if (const auto known = jit::toIValue(value)) return known->toTensorVector();
  std::vector<at::Tensor> tensors;
  if (value->node()->kind() != c10::prim::ListConstruct) return tensors;
  for (const jit::Value* element : value->node()->inputs()) {
    const auto known = jit::toIValue(element);
    if (!known || !known->isTensor()) return {};
    tensors.push_back(known->toTensor());
  }
  return tensors;
}

bool is_constant_true(const jit::Value* value) {
  const auto known = jit::toIValue(value);
  return known && known->isBool() && known->toBool();
}

/// An LSTM with constant weights and biases: input, state, then four tensors for every layer and
/// direction.
bool is_known_lstm(const jit::Node* node) {
  return node->kind() == c10::Symbol::fromQualString("aten::lstm") && node->inputs().size() == 9 &&
         is_constant_true(node->input(3)) && !constant_tensors(node->input(2)).empty();
}

/// Weights and biases of one cell, as the kernel wants them.
c10::IValue pack_cell(const std::vector<at::Tensor>& tensors, std::size_t first, bool is_reduced) {
  static const auto make = c10::Dispatcher::singleton().findSchemaOrThrow(
      "quantized::make_quantized_cell_params_dynamic", "");
  const at::Tensor& input_bias = tensors.at(first + 2);
  const at::Tensor& state_bias = tensors.at(first + 3);
  jit::Stack stack{pack(tensors.at(first), input_bias), pack(tensors.at(first + 1), state_bias),
                   input_bias.detach(), state_bias.detach(), is_reduced};
  make.callBoxed(stack);
  return stack.at(0);
}

void replace_lstm(jit::Module& frozen, jit::Node* node, bool is_reduced) {
  const std::vector<at::Tensor> tensors = constant_tensors(node->input(2));
  std::vector<c10::IValue> cells;
  for (std::size_t first = 0; first + 4 <= tensors.size(); first += 4) {
    cells.push_back(pack_cell(tensors, first, is_reduced));
  }
  c10::impl::GenericList list(cells.at(0).type());
  for (const c10::IValue& cell : cells) list.push_back(cell);
  jit::Value* packed = add_constant(frozen, node, "int8_", list);
  jit::Graph& graph = *node->owningGraph();
  const jit::WithInsertPoint here(node);
  std::vector<jit::Value*> inputs(node->inputs().begin(), node->inputs().end());
  inputs[2] = packed;
  inputs.push_back(graph.insertConstant(static_cast<std::int64_t>(at::kChar)));
  inputs.push_back(graph.insertConstant(true));
  jit::Node* call = graph.create(c10::Symbol::fromQualString("aten::quantized_lstm"), inputs, 3);
  call->copyMetadata(node);
  call->insertBefore(node);
  node->replaceAllUsesWith(call);
  node->destroy();
}

std::vector<jit::Node*> find_lstms(jit::Block* block) {
  std::vector<jit::Node*> found;
  for (jit::Node* node : block->nodes()) {
    if (is_known_lstm(node)) found.push_back(node);
    for (jit::Block* inner : node->blocks()) {
      const auto nested = find_lstms(inner);
      found.insert(found.end(), nested.begin(), nested.end());
    }
  }
  return found;
}

}  // namespace

Transformed use_int8(const jit::Module& module) {
  const at::QEngine engine = choose_engine();
  at::globalContext().setQEngine(engine);
  const at::NoGradGuard no_grad;
  jit::Module frozen = freeze_only(module);
  const std::vector<DenseLayer> layers = find_dense_layers(frozen);
  const auto lstms = find_lstms(frozen.get_method("forward").graph()->block());
  if (layers.empty() && lstms.empty()) {
    throw NotSupported("int8-dynamic: the model has no dense layer or LSTM with constant weights");
  }
  // fbgemm adds pairs of products in 16 bits where there is no VNNI; 7 bits never overflow there.
  const bool is_reduced = engine == at::kFBGEMM;
  for (const DenseLayer& layer : layers) {
    jit::Value* packed = add_constant(frozen, layer.node, "int8_", pack(layer.weight, layer.bias));
    const jit::WithInsertPoint here(layer.node);
    jit::Value* reduced = layer.node->owningGraph()->insertConstant(is_reduced);
    replace_layer(layer, "quantized::linear_dynamic", {layer.input(), packed, reduced});
  }
  for (jit::Node* lstm : lstms) replace_lstm(frozen, lstm, is_reduced);
  clean_up(frozen);
  return {.module = frozen,
          .num_changed = static_cast<std::int64_t>(layers.size() + lstms.size()),
          .words = fmt::format("{} dense layers and {} LSTMs on {}", layers.size(), lstms.size(),
                               c10::toString(engine))};
}

}  // namespace wattune::train
