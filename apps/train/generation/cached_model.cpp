#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "errors.hpp"
#include "generation/language_model.hpp"
#include "generation/scripted_model.hpp"
#include "models/transformer.hpp"
#include "training/checkpoint.hpp"
#include "training/saved_model.hpp"

namespace wattune::train {
namespace {

class CachedModel final : public LanguageModel {
 public:
  CachedModel(std::unique_ptr<Transformer> model, Tokenizer tokenizer)
      : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

  void begin(std::int64_t batch) override {
    if (!cache_.keys.empty() && batch == batch_) {
      cache_.length = 0;
      return;
    }
    cache_ = model_->open_cache(batch);
    batch_ = batch;
  }
  at::Tensor go_on(const at::Tensor& tokens) override { return model_->go_on(tokens, cache_); }
  [[nodiscard]] std::int64_t context() const override { return model_->shape().context; }
  [[nodiscard]] const Tokenizer& tokenizer() const override { return tokenizer_; }
  [[nodiscard]] Facts facts() const override {
    return {{"parameters", model_->parameters().count()},
            {"flops", 2 * model_->macs() / model_->shape().context}};
  }

 private:
  std::unique_ptr<Transformer> model_;
  Tokenizer tokenizer_;
  Transformer::Cache cache_;
  std::int64_t batch_ = 0;
};

TransformerShape to_shape(const nlohmann::json& shape) {
  return {.vocabulary = shape.at("vocabulary"),
          .context = shape.at("context"),
          .width = shape.at("width"),
          .layers = shape.at("layers"),
          .attention_heads = shape.at("attention_heads")};
}

}  // namespace

std::unique_ptr<LanguageModel> open_language_model(const std::filesystem::path& path,
                                                   at::Device device, Precision precision) {
  if (is_torchscript(path)) return open_scripted_model(path, device);
  const nlohmann::json facts = read_checkpoint(path).meta.value("model", nlohmann::json::object());
  const nlohmann::json shape = facts.value("shape", nlohmann::json::object());
  if (shape.value("model", "") != "transformer") {
    throw UsageError(fmt::format("model file {}: {}; only a transformer generates text",
                                 path.string(), shape.value("model", "not known")));
  }
  auto model = make_transformer(to_shape(shape), {.device = device, .precision = precision});
  init_from(path, *model);
  auto pairs = facts.at("companion").at("pairs").get<std::vector<Tokenizer::Pair>>();
  return std::make_unique<CachedModel>(std::move(model), Tokenizer(std::move(pairs)));
}

}  // namespace wattune::train
