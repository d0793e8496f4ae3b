#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "data/tokenizer.hpp"
#include "models/parameters.hpp"
#include "protocol/observer.hpp"

namespace wattune::train {

/// A trained model that goes on with texts, several at once.
class LanguageModel {
 public:
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;
  virtual ~LanguageModel() = default;

  /// Forgets what it has seen.
  ///
  /// Takes    batch  texts at once
  virtual void begin(std::int64_t batch) = 0;

  /// Takes    tokens  [batch x more] int64 that follow those seen since `begin`
  /// Gives    logits of the token after the last [batch x vocabulary], float32
  virtual at::Tensor go_on(const at::Tensor& tokens) = 0;

  /// Most tokens it can see since `begin`.
  [[nodiscard]] virtual std::int64_t context() const = 0;
  [[nodiscard]] virtual const Tokenizer& tokenizer() const = 0;
  /// What is known of it, `flops` for one token.
  [[nodiscard]] virtual Facts facts() const = 0;

 protected:
  LanguageModel() = default;
};

/// Opens a checkpoint or saved model of a transformer, which keeps what it has seen in a cache, or
/// a TorchScript file that was exported from one, which looks at all of it anew for every token.
///
/// Errors   UsageError  unreadable, or not a language model
std::unique_ptr<LanguageModel> open_language_model(const std::filesystem::path& path,
                                                   at::Device device, Precision precision);

}  // namespace wattune::train
