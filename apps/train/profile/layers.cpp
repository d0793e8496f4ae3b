#include "profile/layers.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tactics/flops.hpp"

namespace wattune::train {
namespace {

using Instruction = Tape::Instruction;

/// Makes lists, sizes and the like: nothing that takes time of its own.
bool is_glue(const Tape& tape, const Instruction& instruction) {
  return std::ranges::none_of(instruction.outputs,
                              [&](std::size_t slot) { return tape.values[slot].isTensor(); });
}

/// "block0" of a weight "block0.weight" that the instruction takes.
std::string owner_of_weights(const Tape& tape, const Instruction& instruction) {
  for (const std::size_t slot : instruction.inputs) {
    const std::string& path = tape.attributes[slot];
    if (path.empty() || !tape.values[slot].isTensor()) continue;
    const std::size_t dot = path.rfind('.');
    return dot == std::string::npos ? path : path.substr(0, dot);
  }
  return "";
}

std::string scope_of(const Tape& tape, const Instruction& instruction) {
  return instruction.module.empty() ? owner_of_weights(tape, instruction) : instruction.module;
}

bool requires_grad(const c10::IValue& value) {
  if (value.isTensor()) return value.toTensor().defined() && value.toTensor().requires_grad();
  if (!value.isTensorList()) return false;
  return std::ranges::any_of(value.toTensorVector(),
                             [](const at::Tensor& tensor) { return tensor.requires_grad(); });
}

double backward_of(const Tape& tape, const Instruction& instruction, const Flops& flops) {
  const auto needs = [&](std::size_t index) {
    return index < instruction.inputs.size() &&
           requires_grad(tape.values[instruction.inputs[index]]);
  };
  return (needs(flops.input_index) ? flops.backward_to_input : 0) +
         (needs(flops.weights_index) ? flops.backward_to_weights : 0);
}

/// Counts the operations of a layer and finds the one that does most.
void describe(const Tape& tape, Layer& layer) {
  double most = -1;
  layer.forward_flops = layer.backward_flops = 0;
  for (std::size_t i = layer.first; i < layer.first + layer.count; ++i) {
    const Instruction& instruction = tape.instructions[i];
    const auto flops = flops_of(instruction, tape.values);
    if (!flops) {
      layer.forward_flops = layer.backward_flops = std::nullopt;
    } else if (layer.forward_flops) {
      *layer.forward_flops += flops->forward;
      *layer.backward_flops += backward_of(tape, instruction, *flops);
    }
    const double work = flops ? flops->forward : 0;
    if (!is_glue(tape, instruction) && work > most) {
      most = work;
      layer.kind = instruction.kind();
    }
  }
}

/// A name that comes again gets a number.
void number_names(std::vector<Layer>& layers) {
  std::map<std::string, int> seen;
  for (Layer& layer : layers) {
    if (layer.name.empty()) layer.name = layer.kind;
    const int count = ++seen[layer.name];
    if (count > 1) layer.name += fmt::format("#{}", count);
  }
}

}  // namespace

std::vector<Layer> find_layers(const Tape& tape) {
  std::vector<Layer> layers;
  std::string scope;
  std::size_t pending = 0;  // glue that waits for its layer
  for (std::size_t i = 0; i < tape.instructions.size(); ++i) {
    const Instruction& instruction = tape.instructions[i];
    if (is_glue(tape, instruction)) {
      ++pending;
      continue;
    }
    std::string here = scope_of(tape, instruction);
    for (std::size_t k = i - pending; k < i && here.empty(); ++k) {
      here = scope_of(tape, tape.instructions[k]);
    }
    const bool goes_on = !layers.empty() && !here.empty() && here == scope;
    if (!goes_on) layers.push_back({.name = here, .kind = "", .first = i - pending});
    layers.back().count = i + 1 - layers.back().first;
    scope = std::move(here);
    pending = 0;
  }
  if (!layers.empty()) layers.back().count += pending;
  for (Layer& layer : layers) describe(tape, layer);
  number_names(layers);
  return layers;
}

}  // namespace wattune::train
