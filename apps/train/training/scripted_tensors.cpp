#include "training/scripted_tensors.hpp"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "errors.hpp"

namespace wattune::train {

std::vector<NamedTensor> read_scripted_tensors(const std::filesystem::path& path) {
  std::vector<NamedTensor> tensors;
  try {
    const torch::jit::Module module = torch::jit::load(path.string(), c10::Device(at::kCPU));
    for (const auto& entry : module.named_parameters()) {
      tensors.push_back({"parameters." + entry.name, entry.value});
    }
    for (const auto& entry : module.named_buffers()) {
      tensors.push_back({"buffers." + entry.name, entry.value});
    }
  } catch (const c10::Error& error) {
    throw UsageError(fmt::format("model file {}: not TorchScript", path.string()));
  }
  return tensors;
}

}  // namespace wattune::train
