#include "tactics/dense_layers.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/inliner.h>

namespace wattune::train {
namespace {

namespace jit = torch::jit;

/// The tensor that a value always is, also where it is turned around on the way.
std::optional<at::Tensor> constant_tensor(const jit::Value* value) {
  if (const auto known = jit::toIValue(value)) {
    if (known->isTensor()) return known->toTensor();
    return std::nullopt;
  }
  const jit::Node* node = value->node();
  if (node->kind() == c10::aten::t || node->kind() == c10::aten::numpy_T) {
    const auto turned = constant_tensor(node->input(0));
    if (turned && turned->dim() == 2) return turned->t();
  }
  return std::nullopt;
}

bool is_matrix(const std::optional<at::Tensor>& tensor) {
  return tensor && tensor->dim() == 2 && tensor->scalar_type() == at::kFloat;
}

bool is_one(const jit::Value* value) {
  const auto known = jit::toIValue(value);
  return known && known->isScalar() && known->toScalar().toDouble() == 1;
}

std::optional<DenseLayer> from_linear(jit::Node* node) {
  const auto weight = constant_tensor(node->input(1));
  if (!is_matrix(weight)) return std::nullopt;
  const auto bias = constant_tensor(node->input(2));
  if (!bias && !node->input(2)->mustBeNone()) return std::nullopt;
  return DenseLayer{node, 0, *weight, bias};
}

std::optional<DenseLayer> from_addmm(jit::Node* node) {
  const auto bias = constant_tensor(node->input(0));
  const auto turned = constant_tensor(node->input(2));
  const bool is_plain = is_one(node->input(3)) && is_one(node->input(4));
  if (!is_plain || !is_matrix(turned) || !bias || bias->dim() != 1) return std::nullopt;
  return DenseLayer{node, 1, turned->t(), bias};
}

std::optional<DenseLayer> from_matmul(jit::Node* node) {
  const auto turned = constant_tensor(node->input(1));
  if (!is_matrix(turned)) return std::nullopt;
  return DenseLayer{node, 0, turned->t(), std::nullopt};
}

void find_in(jit::Block* block, std::vector<DenseLayer>& found) {
  for (jit::Node* node : block->nodes()) {
    std::optional<DenseLayer> layer;
    if (node->kind() == c10::aten::linear) layer = from_linear(node);
    if (node->kind() == c10::aten::addmm) layer = from_addmm(node);
    if (node->kind() == c10::aten::matmul || node->kind() == c10::aten::mm) {
      layer = from_matmul(node);
    }
    if (layer) found.push_back(*layer);
    for (jit::Block* inner : node->blocks()) find_in(inner, found);
  }
}

}  // namespace

jit::Module freeze_only(const jit::Module& module) {
  jit::Module copy = module.clone();
  copy.eval();
  if (!copy.hasattr("training")) {  // it is frozen already: its weights are constants
    jit::Inline(*copy.get_method("forward").graph());
    return copy;
  }
  return jit::freeze_module(copy);
}

std::vector<DenseLayer> find_dense_layers(const jit::Module& frozen) {
  auto graph = frozen.get_method("forward").graph();
  jit::ConstantPropagation(graph);
  std::vector<DenseLayer> found;
  find_in(graph->block(), found);
  return found;
}

void replace_layer(const DenseLayer& layer, const char* op,
                   const std::vector<jit::Value*>& inputs) {
  jit::Graph& graph = *layer.node->owningGraph();
  jit::Node* call = graph.create(c10::Symbol::fromQualString(op), inputs, 1);
  call->copyMetadata(layer.node);
  call->insertBefore(layer.node);
  layer.node->output()->replaceAllUsesWith(call->output());
  layer.node->destroy();
}

jit::Value* add_constant(jit::Module& frozen, jit::Node* node, const char* prefix,
                         const c10::IValue& value) {
  jit::Graph& graph = *node->owningGraph();
  const std::string name = fmt::format("{}{}", prefix, frozen.type()->numAttributes());
  frozen.register_attribute(name, value.type(), value);
  const jit::WithInsertPoint here(node);
  return graph.insertGetAttr(graph.inputs().at(0), name);
}

void clean_up(const jit::Module& frozen) {
  auto graph = frozen.get_method("forward").graph();
  jit::EliminateDeadCode(graph);
}

}  // namespace wattune::train
