#include "tactics/export.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "tactics/scripted_model.hpp"

namespace wattune::train {
namespace {

namespace jit = torch::jit;

/// Modules by their path, made when they are first named.
class ModuleTree {
 public:
  ModuleTree()
      : unit_(std::make_shared<jit::CompilationUnit>()),
        root_(c10::QualifiedName("__torch__.Exported"), unit_) {}

  jit::Module& root() { return root_; }

  void add(const NamedTensor& entry, bool is_buffer) {
    const std::size_t dot = entry.name.rfind('.');
    const std::string name = dot == std::string::npos ? entry.name : entry.name.substr(dot + 1);
    jit::Module owner = module_at(dot == std::string::npos ? "" : entry.name.substr(0, dot));
    owner.register_parameter(name, entry.tensor, is_buffer);
  }

  /// Puts a copy where the traced tensor was, so that the file does not hold what it is a view of.
  void replace_by_copy(const NamedTensor& entry) {
    const std::size_t dot = entry.name.rfind('.');
    const std::string name = dot == std::string::npos ? entry.name : entry.name.substr(dot + 1);
    jit::Module owner = module_at(dot == std::string::npos ? "" : entry.name.substr(0, dot));
    const bool is_trained = entry.tensor.requires_grad();
    owner.setattr(name, entry.tensor.detach().clone().set_requires_grad(is_trained));
  }

 private:
  jit::Module module_at(const std::string& path) {
    if (path.empty()) return root_;
    if (const auto known = modules_.find(path); known != modules_.end()) return known->second;
    const std::size_t dot = path.rfind('.');
    jit::Module parent = module_at(dot == std::string::npos ? "" : path.substr(0, dot));
    std::string flat = path;
    std::ranges::replace(flat, '.', '_');
    jit::Module module(c10::QualifiedName("__torch__.Exported_" + flat), unit_);
    parent.register_module(dot == std::string::npos ? path : path.substr(dot + 1), module);
    modules_.emplace(path, module);
    return module;
  }

  std::shared_ptr<jit::CompilationUnit> unit_;
  jit::Module root_;
  std::map<std::string, jit::Module> modules_;
};

void trace_forward(jit::Module& module, const ExportedNetwork& network) {
  const auto traced = [&network](jit::Stack inputs) -> jit::Stack {
    return {network.forward(inputs.at(0).toTensor())};
  };
  const auto no_names = [](const at::Tensor&) { return std::string(); };
  const auto [state, outputs] =
      jit::tracer::trace({network.example}, traced, no_names, true, false, &module, {"input"});
  jit::Function* forward = module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*module.type()->name(), "forward"), state->graph);
  module.type()->addMethod(forward);
}

double relative_difference(const at::Tensor& left, const at::Tensor& right) {
  if (left.sizes() != right.sizes()) return 1;
  const double scale = right.abs().max().item<double>();
  return (left - right).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

/// A number of samples other than that of the trace shows what the trace has taken for a constant.
void check_other_batch(jit::Module& module, const ExportedNetwork& network) {
  const at::Tensor fewer = network.example.narrow(0, 0, network.example.size(0) - 1).contiguous();
  double difference = 1;
  try {
    difference = relative_difference(module.forward({fewer}).toTensor(), network.forward(fewer));
  } catch (const c10::Error&) {
    // It does not even run with another number: told below.
  }
  if (!(difference < 1e-4)) {
    throw std::runtime_error("the network cannot be exported: its trace holds the batch size");
  }
}

}  // namespace

void export_torchscript(const std::filesystem::path& path, const ExportedNetwork& network) {
  at::NoGradGuard no_grad;
  ModuleTree tree;
  for (const NamedTensor& entry : network.parameters) tree.add(entry, false);
  for (const NamedTensor& entry : network.buffers) tree.add(entry, true);
  jit::Module& module = tree.root();
  module.register_attribute("training", c10::BoolType::get(), false);
  trace_forward(module, network);
  for (const NamedTensor& entry : network.parameters) tree.replace_by_copy(entry);
  for (const NamedTensor& entry : network.buffers) tree.replace_by_copy(entry);
  check_other_batch(module, network);
  write_torchscript(path, module, network.facts);
}

}  // namespace wattune::train
