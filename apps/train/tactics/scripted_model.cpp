#include "tactics/scripted_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/serialization/import.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "errors.hpp"

namespace wattune::train {
namespace {

using nlohmann::json;

constexpr const char* kFactsFile = "wattune.json";
constexpr std::string_view kRemedy =
    "A TorchScript file is made by `wattune-train MODEL --export FILE.pt`, or in Python by "
    "torch.jit.trace(model.eval(), example).save('FILE.pt')";

bool is_zip(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    throw UsageError(
        fmt::format("model file {}: {}", path.string(), file ? "a folder" : std::strerror(errno)));
  }
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == std::string_view("PK\3\4", 4);
}

json to_json(const ModelFacts& facts) {
  json result = {{"format", 1}, {"model", facts.model}, {"input", facts.input}};
  if (!facts.pixel_mean.empty()) result["pixel_mean"] = facts.pixel_mean;
  if (!facts.pixel_deviation.empty()) result["pixel_deviation"] = facts.pixel_deviation;
  if (facts.vocabulary) result["vocabulary"] = *facts.vocabulary;
  return result;
}

/// Whatever cannot be understood was not written by us, and is left out.
ModelFacts to_facts(const std::string& text) {
  const json root = json::parse(text, nullptr, false);
  ModelFacts facts;
  if (!root.is_object() || root.value("format", json()) != 1) return facts;
  try {
    facts.model = root.at("model").get<std::string>();
    facts.input = root.at("input").get<std::vector<std::int64_t>>();
    facts.pixel_mean = root.value("pixel_mean", std::vector<double>());
    facts.pixel_deviation = root.value("pixel_deviation", std::vector<double>());
    if (root.contains("vocabulary")) facts.vocabulary = root["vocabulary"].get<std::int64_t>();
  } catch (const json::exception&) {
    return {};
  }
  return facts;
}

}  // namespace

std::string first_line(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  // An error inside TorchScript ends with the cause; its first lines tell the way there.
  if (const std::size_t cause = text.rfind("RuntimeError: "); cause != std::string::npos) {
    text.erase(0, cause);
  }
  return text.substr(0, text.find('\n'));
}

ScriptedModel read_torchscript(const std::filesystem::path& path) {
  if (!is_zip(path)) {
    throw UsageError(
        fmt::format("model file {}: not a TorchScript file. {}", path.string(), kRemedy));
  }
  ScriptedModel model;
  torch::jit::ExtraFilesMap extra{{kFactsFile, ""}};
  try {
    model.module = torch::jit::load(path.string(), c10::Device(at::kCPU), extra);
    model.module.eval();
    static_cast<void>(model.module.get_method("forward"));
  } catch (const std::exception& error) {
    throw UsageError(fmt::format(
        "model file {}: an archive without a TorchScript program, perhaps a state_dict ({}). {}",
        path.string(), first_line(error), kRemedy));
  }
  model.facts = to_facts(extra[kFactsFile]);
  model.file_bytes = std::filesystem::file_size(path);
  return model;
}

void write_torchscript(const std::filesystem::path& path, const torch::jit::Module& module,
                       const ModelFacts& facts) {
  const std::filesystem::path partial = path.string() + ".part";
  try {
    module.save(partial.string(), {{kFactsFile, to_json(facts).dump()}});
    std::filesystem::rename(partial, path);
  } catch (const std::exception& error) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), first_line(error)));
  }
}

std::optional<std::int64_t> bytes_as_file(const torch::jit::Module& module) {
  std::ostringstream file;
  try {
    module.save(file);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(file.str().size());
}

ParameterCount count_parameters(const torch::jit::Module& module) {
  ParameterCount count;
  const auto add = [&count](const at::Tensor& tensor) {
    count.all += tensor.numel();
    count.nonzero += at::count_nonzero(tensor).item<std::int64_t>();
  };
  for (const at::Tensor& tensor : module.parameters()) add(tensor);
  if (count.all > 0) return count;
  const auto graph = module.get_method("forward").graph();
  for (const torch::jit::Node* node : graph->nodes()) {
    if (node->kind() != c10::prim::Constant || node->mustBeNone()) continue;
    const auto value = torch::jit::toIValue(node->output());
    if (value && value->isTensor() && value->toTensor().is_floating_point()) add(value->toTensor());
  }
  return count;
}

}  // namespace wattune::train
