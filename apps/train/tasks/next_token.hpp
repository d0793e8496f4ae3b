#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizer.hpp"
#include "tasks/task.hpp"

namespace wattune::train {

struct NextTokenOptions {
  std::filesystem::path path = "/usr/share/common-licenses";
  std::int64_t context = 64;
  std::int64_t vocabulary = 256;  ///< 256: bytes; more: byte pairs learnt from the training part.
  std::vector<std::string> heads = {"next_token"};
};

/// Telling the next token of a text at every token, by cross-entropy.
///
/// A sample is one stretch of `context` tokens and the token after it; stretches do not overlap.
///
/// Metrics: perplexity (of a token), bits_per_byte (whatever the tokens), loss (nats per token).
///
/// Errors   UsageError  an unknown head, a text that cannot be read or is too short
class NextToken final : public Task {
 public:
  explicit NextToken(const NextTokenOptions& options);

  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] std::int64_t context() const { return context_; }

  [[nodiscard]] std::int64_t num_train() const override;
  [[nodiscard]] const std::vector<Head>& heads() const override { return heads_; }
  [[nodiscard]] std::unique_ptr<BatchSource> open(Part part, std::int64_t largest_batch,
                                                  at::Device device) const override;
  [[nodiscard]] at::Tensor loss(const at::Tensor& output, const at::Tensor& target) const override;
  [[nodiscard]] std::vector<double> sums(const at::Tensor& output,
                                         const at::Tensor& target) const override;
  [[nodiscard]] Metrics metrics(std::span<const double> sums,
                                std::int64_t num_samples) const override;
  [[nodiscard]] std::vector<std::string> metric_names() const override;
  [[nodiscard]] std::string description() const override;
  /// The pairs of the tokenizer, from the first.
  [[nodiscard]] nlohmann::json companion() const override;

 private:
  [[nodiscard]] const at::Tensor& tokens(Part part) const;

  std::int64_t context_;
  std::vector<Head> heads_;
  Tokenizer tokenizer_;
  at::Tensor train_, validation_, test_;  // [tokens] int64
  at::Tensor token_bytes_;                // [vocabulary] int64
};

}  // namespace wattune::train
