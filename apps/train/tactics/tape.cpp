#include "tactics/tape.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include <unordered_map>

#include "tactics/tactic.hpp"

namespace wattune::train {
namespace {

namespace jit = torch::jit;

void construct_list(jit::Stack& stack, const c10::TypePtr& element, std::size_t count) {
  c10::impl::GenericList list(element);
  list.reserve(count);
  for (const c10::IValue& value : jit::last(stack, count)) list.push_back(value);
  jit::drop(stack, count);
  stack.emplace_back(std::move(list));
}

void construct_tuple(jit::Stack& stack, std::size_t count) {
  auto last = jit::last(stack, count);
  std::vector<c10::IValue> elements(last.begin(), last.end());
  jit::drop(stack, count);
  stack.emplace_back(c10::ivalue::Tuple::create(std::move(elements)));
}

/// Operations that the interpreter of LibTorch knows itself instead of looking them up.
jit::Operation operation_of(const jit::Node* node) {
  const std::size_t count = node->inputs().size();
  switch (node->kind()) {
    case c10::prim::ListConstruct: {
      const c10::TypePtr element =
          node->output()->type()->expectRef<c10::ListType>().getElementType();
      return [element, count](jit::Stack& stack) { construct_list(stack, element, count); };
    }
    case c10::prim::TupleConstruct:
      return [count](jit::Stack& stack) { construct_tuple(stack, count); };
    case c10::prim::ListUnpack:
      return [](jit::Stack& stack) {
        const c10::List<c10::IValue> list = jit::pop(stack).toList();
        for (const c10::IValue& value : list) stack.push_back(value);
      };
    case c10::prim::TupleUnpack:
      return [](jit::Stack& stack) {
        const auto tuple = jit::pop(stack).toTuple();
        for (const c10::IValue& value : tuple->elements()) stack.push_back(value);
      };
    case c10::prim::unchecked_cast:
      return [](jit::Stack&) {};
    default:
      break;
  }
  try {
    return node->getOperation();
  } catch (const std::exception&) {
    throw NotSupported(fmt::format("the model's code does `{}`, which cannot be looked into",
                                   node->kind().toQualString()));
  }
}

/// "layer1.0.conv1" of the calls that led to an inlined operation.
std::string module_of(const jit::Node* node) {
  std::string path;
  if (!node->callstack()) return path;
  for (const auto& entry : (*node->callstack())->vec()) {
    const auto& instance = std::get<c10::optional<jit::ModuleInstanceInfo>>(entry);
    if (!instance || instance->instance_name().empty()) continue;
    const std::string name = instance->instance_name();
    if (name == "SELF" || name == "INSTANCE_NAME_UNKNOWN") continue;
    path += (path.empty() ? "" : ".") + name;
  }
  return path;
}

class Recorder {
 public:
  explicit Recorder(Tape& tape) : tape_(tape) {}

  void bind(const jit::Value* value, c10::IValue content, std::string path = "") {
    slots_[value] = tape_.values.size();
    tape_.values.push_back(std::move(content));
    tape_.attributes.push_back(std::move(path));
  }

  void run(const jit::Block* block) {
    for (const jit::Node* node : block->nodes()) run(node);
  }

  [[nodiscard]] std::size_t slot(const jit::Value* value) const { return slots_.at(value); }

 private:
  [[nodiscard]] const c10::IValue& content(const jit::Value* value) const {
    return tape_.values[slot(value)];
  }

  void run(const jit::Node* node) {
    switch (node->kind()) {
      case c10::prim::Constant:
        return bind(node->output(), *jit::toIValue(node->output()));
      case c10::prim::GetAttr:
        return get_attribute(node);
      case c10::prim::If:
        return branch(node);
      case c10::prim::Loop:
        return loop(node);
      default:
        return execute(node);
    }
  }

  void get_attribute(const jit::Node* node) {
    const std::string& name = node->s(c10::attr::name);
    const std::string& owner = tape_.attributes[slot(node->input())];
    const std::string path = owner.empty() ? name : owner + "." + name;
    bind(node->output(), content(node->input()).toObjectRef().getAttr(name), path);
  }

  void branch(const jit::Node* node) {
    const jit::Block* taken = node->blocks().at(content(node->input()).toBool() ? 0 : 1);
    run(taken);
    for (std::size_t i = 0; i < node->outputs().size(); ++i) {
      slots_[node->outputs()[i]] = slot(taken->outputs()[i]);
    }
  }

  void loop(const jit::Node* node) {
    const std::int64_t limit = content(node->input(0)).toInt();
    bool goes_on = content(node->input(1)).toBool();
    const jit::Block* body = node->blocks().at(0);
    std::vector<std::size_t> carried;
    for (std::size_t i = 2; i < node->inputs().size(); ++i) {
      carried.push_back(slot(node->input(i)));
    }
    for (std::int64_t round = 0; round < limit && goes_on; ++round) {
      bind(body->inputs().at(0), round);
      for (std::size_t i = 0; i < carried.size(); ++i) slots_[body->inputs()[i + 1]] = carried[i];
      run(body);
      goes_on = content(body->outputs().at(0)).toBool();
      for (std::size_t i = 0; i < carried.size(); ++i) carried[i] = slot(body->outputs()[i + 1]);
    }
    for (std::size_t i = 0; i < carried.size(); ++i) slots_[node->outputs()[i]] = carried[i];
  }

  void execute(const jit::Node* node) {
    Tape::Instruction instruction{node, operation_of(node), module_of(node), {}, {}};
    for (const jit::Value* input : node->inputs()) instruction.inputs.push_back(slot(input));
    jit::Stack stack;
    for (const std::size_t input : instruction.inputs) stack.push_back(tape_.values[input]);
    instruction.run(stack);
    for (std::size_t i = 0; i < node->outputs().size(); ++i) {
      instruction.outputs.push_back(tape_.values.size());
      bind(node->outputs()[i], stack.at(stack.size() - node->outputs().size() + i));
    }
    tape_.instructions.push_back(std::move(instruction));
  }

  Tape& tape_;
  std::unordered_map<const jit::Value*, std::size_t> slots_;
};

}  // namespace

Tape record_tape(const jit::Module& module, const std::vector<c10::IValue>& inputs) {
  Tape tape;
  tape.graph = module.get_method("forward").graph()->copy();
  jit::Inline(*tape.graph);
  jit::RemoveTensorMutation(tape.graph);
  if (tape.graph->inputs().size() != inputs.size() + 1 || tape.graph->outputs().size() != 1) {
    throw NotSupported(fmt::format("the model takes {} inputs; {} are given",
                                   tape.graph->inputs().size() - 1, inputs.size()));
  }
  Recorder recorder(tape);
  recorder.bind(tape.graph->inputs()[0], module._ivalue());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    recorder.bind(tape.graph->inputs()[i + 1], inputs[i]);
  }
  recorder.run(tape.graph->block());
  tape.output = recorder.slot(tape.graph->outputs()[0]);
  return tape;
}

void replay(const Tape& tape, std::size_t first, std::size_t count,
            std::vector<c10::IValue>& values) {
  jit::Stack stack;
  for (std::size_t i = first; i < first + count; ++i) {
    const Tape::Instruction& instruction = tape.instructions[i];
    stack.clear();
    for (const std::size_t input : instruction.inputs) stack.push_back(values[input]);
    instruction.run(stack);
    const std::size_t base = stack.size() - instruction.outputs.size();
    for (std::size_t k = 0; k < instruction.outputs.size(); ++k) {
      values[instruction.outputs[k]] = std::move(stack[base + k]);
    }
  }
}

}  // namespace wattune::train
