#include "training/saved_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "errors.hpp"
#include "training/scripted_tensors.hpp"

namespace wattune::train {
namespace {

constexpr std::string_view kZipMagic("PK\3\4", 4);

std::map<std::string, at::Tensor> tensors_of(const std::filesystem::path& path) {
  std::map<std::string, at::Tensor> tensors;
  const std::vector<NamedTensor> entries =
      is_torchscript(path) ? read_scripted_tensors(path) : read_checkpoint(path).tensors;
  for (const NamedTensor& entry : entries) tensors.emplace(entry.name, entry.tensor);
  return tensors;
}

}  // namespace

bool is_torchscript(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, kZipMagic.size()> magic{};
  file.read(magic.data(), magic.size());
  return file && std::string_view(magic.data(), magic.size()) == kZipMagic;
}

std::vector<NamedTensor> learnt_tensors(const Model& model) {
  std::vector<NamedTensor> tensors;
  for (const NamedTensor& entry : model.parameters().named()) {
    tensors.push_back({"parameters." + entry.name, entry.tensor});
  }
  for (const NamedTensor& entry : model.buffers()) {
    tensors.push_back({"buffers." + entry.name, entry.tensor});
  }
  return tensors;
}

nlohmann::json model_facts(const Model& model, const Task& task) {
  return {{"shape", nlohmann::json::parse(model.description())}, {"companion", task.companion()}};
}

void save_model(const std::filesystem::path& path, const Model& model, const Task& task) {
  write_checkpoint(path, {{{"model", model_facts(model, task)}}, learnt_tensors(model)});
}

Initialised init_from(const std::filesystem::path& path, Model& model) {
  const std::map<std::string, at::Tensor> there = tensors_of(path);
  Initialised result;
  const at::NoGradGuard no_grad;
  for (const NamedTensor& entry : learnt_tensors(model)) {
    const auto found = there.find(entry.name);
    if (found == there.end() || found->second.sizes() != entry.tensor.sizes()) {
      ++result.left;
      continue;
    }
    at::Tensor target = entry.tensor;
    target.copy_(found->second);
    ++result.taken;
  }
  if (result.taken == 0) {
    throw UsageError(
        fmt::format("--init-from: {} holds no part of the same name and size as one of this model",
                    path.string()));
  }
  model.parameters().publish();
  return result;
}

}  // namespace wattune::train
