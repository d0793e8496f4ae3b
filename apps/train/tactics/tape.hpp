#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace wattune::train {

/// What a model computed for one input: every operation in the order of execution, branches taken
/// and loops unrolled, with the values that went in and came out.
///
/// Operations that change their operand in place are replaced by those that do not, where that
/// changes no result, so that any part can be run again and again.
struct Tape {
  struct Instruction {
    const torch::jit::Node* node;
    mutable torch::jit::Operation run;  ///< Takes inputs from a stack and leaves outputs there.
    std::string module;                 ///< Whose code it is, as "layer1.0.conv1"; empty: nobody's.
    std::vector<std::size_t> inputs;
    std::vector<std::size_t> outputs;

    [[nodiscard]] std::string kind() const { return node->kind().toUnqualString(); }
  };

  std::shared_ptr<torch::jit::Graph> graph;  ///< Owns the nodes.
  std::vector<Instruction> instructions;
  std::vector<c10::IValue> values;  ///< By slot.
  /// Of attributes of the model, their path, as "block0.weight"; empty for all else. By slot.
  std::vector<std::string> attributes;
  std::size_t output = 0;
};

/// Runs a model once and writes down what it does. Whether gradients are followed is the caller's
/// mode.
///
/// Errors   NotSupported  the code calls what cannot be looked into, such as an interface
[[nodiscard]] Tape record_tape(const torch::jit::Module& module,
                               const std::vector<c10::IValue>& inputs);

/// Runs some of the instructions again on the values as they are.
void replay(const Tape& tape, std::size_t first, std::size_t count,
            std::vector<c10::IValue>& values);

}  // namespace wattune::train
