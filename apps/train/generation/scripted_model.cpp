#include "generation/scripted_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr const char* kFactsFile = "wattune.json";

class ScriptedLanguageModel final : public LanguageModel {
 public:
  ScriptedLanguageModel(torch::jit::Module module, std::int64_t context, at::Device device)
      : module_(std::move(module)), context_(context), device_(device) {}

  void begin(std::int64_t batch) override {
    seen_ = at::zeros({batch, context_}, at::TensorOptions().dtype(at::kLong).device(device_));
    length_ = 0;
  }
  at::Tensor go_on(const at::Tensor& tokens) override {
    const at::NoGradGuard no_grad;
    seen_.narrow(1, length_, tokens.size(1)).copy_(tokens);
    length_ += tokens.size(1);
    return module_.forward({seen_}).toTensor().select(1, length_ - 1).to(at::kFloat);
  }
  [[nodiscard]] std::int64_t context() const override { return context_; }
  [[nodiscard]] const Tokenizer& tokenizer() const override { return tokenizer_; }
  [[nodiscard]] Facts facts() const override {
    std::int64_t count = 0;
    for (const at::Tensor& parameter : module_.parameters()) count += parameter.numel();
    return {{"parameters", count}};
  }

 private:
  torch::jit::Module module_;
  std::int64_t context_;
  at::Device device_;
  Tokenizer tokenizer_;
  at::Tensor seen_;
  std::int64_t length_ = 0;
};

}  // namespace

std::unique_ptr<LanguageModel> open_scripted_model(const std::filesystem::path& path,
                                                   at::Device device) {
  torch::jit::ExtraFilesMap extra{{kFactsFile, ""}};
  torch::jit::Module module;
  try {
    module = torch::jit::load(path.string(), device, extra);
  } catch (const c10::Error& error) {
    throw UsageError(fmt::format("model file {}: not TorchScript", path.string()));
  }
  const auto facts = nlohmann::json::parse(extra[kFactsFile], nullptr, false);
  const bool is_told = facts.is_object() && facts.contains("vocabulary") &&
                       facts.contains("input") && facts.at("input").size() == 1;
  if (!is_told) {
    throw UsageError(
        fmt::format("model file {}: no language model that this program exported; it does not tell "
                    "its context and vocabulary",
                    path.string()));
  }
  return std::make_unique<ScriptedLanguageModel>(
      std::move(module), facts.at("input").at(0).get<std::int64_t>(), device);
}

}  // namespace wattune::train
