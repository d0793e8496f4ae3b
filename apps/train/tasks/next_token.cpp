#include "tasks/next_token.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "data/text_corpus.hpp"
#include "errors.hpp"
#include "tasks/chosen_heads.hpp"

namespace wattune::train {
namespace {

/// Pairs of bytes are learnt from so much of the training part.
constexpr std::size_t kLearntFrom = std::size_t{4} << 20U;
constexpr std::int64_t kNumBytes = 256;

/// Stretches of `context` tokens, each with the same shifted by one as its target.
class Stretches final : public BatchSource {
 public:
  Stretches(const at::Tensor& tokens, std::int64_t context, at::Device device)
      // Neighbouring rows share one token: the last target of one begins the next.
      : rows_(tokens.to(device).as_strided({(tokens.size(0) - 1) / context, context + 1},
                                           {context, 1})),
        context_(context) {}

  [[nodiscard]] std::int64_t size() const override { return rows_.size(0); }
  Batch gather(const at::Tensor& indices) override { return cut(rows_.index_select(0, indices)); }
  Batch slice(std::int64_t first, std::int64_t count) override {
    return cut(rows_.narrow(0, first, count));
  }

 private:
  [[nodiscard]] Batch cut(const at::Tensor& rows) const {
    return {rows.narrow(1, 0, context_), rows.narrow(1, 1, context_).contiguous()};
  }

  at::Tensor rows_;
  std::int64_t context_;
};

}  // namespace

NextToken::NextToken(const NextTokenOptions& options)
    : context_(options.context), heads_(chosen_heads(options.heads, {{"next_token", 0}})) {
  const TextCorpus corpus = read_text_corpus(options.path);
  if (options.vocabulary > kNumBytes) {
    tokenizer_ =
        Tokenizer::learn(std::string_view(corpus.train).substr(0, kLearntFrom), options.vocabulary);
  }
  heads_.front().size = tokenizer_.vocabulary();
  const auto encode = [&](const std::string& text) {
    at::Tensor tokens = at::tensor(tokenizer_.encode(text), at::kLong);
    if (tokens.size(0) <= context_) {
      throw UsageError(
          fmt::format("text {}: {} tokens in one of its three parts; more than --context {} are "
                      "needed",
                      options.path.string(), tokens.size(0), context_));
    }
    return tokens;
  };
  train_ = encode(corpus.train);
  validation_ = encode(corpus.validation);
  test_ = encode(corpus.test);
  std::vector<std::int64_t> sizes;
  for (const std::string& bytes : tokenizer_.bytes()) {
    sizes.push_back(static_cast<std::int64_t>(bytes.size()));
  }
  token_bytes_ = at::tensor(sizes, at::kLong);
}

const at::Tensor& NextToken::tokens(Part part) const {
  switch (part) {
    case Part::Train:
      return train_;
    case Part::Validation:
      return validation_;
    case Part::Test:
      break;
  }
  return test_;
}

std::int64_t NextToken::num_train() const {
  return (train_.size(0) - 1) / context_;
}

std::unique_ptr<BatchSource> NextToken::open(Part part, std::int64_t /*largest_batch*/,
                                             at::Device device) const {
  return std::make_unique<Stretches>(tokens(part), context_, device);
}

at::Tensor NextToken::loss(const at::Tensor& output, const at::Tensor& target) const {
  return at::cross_entropy_loss(output.flatten(0, 1), target.flatten());
}

/// Sum of the losses, tokens, and the bytes they stand for.
std::vector<double> NextToken::sums(const at::Tensor& output, const at::Tensor& target) const {
  const at::Tensor flat = target.flatten();
  const at::Tensor loss =
      at::cross_entropy_loss(output.flatten(0, 1), flat, {}, at::Reduction::Sum);
  const at::Tensor bytes = token_bytes_.index_select(0, flat.cpu()).sum();
  return {loss.item<double>(), static_cast<double>(flat.numel()),
          static_cast<double>(bytes.item<std::int64_t>())};
}

Task::Metrics NextToken::metrics(std::span<const double> sums, std::int64_t /*num_samples*/) const {
  const double loss = sums[0] / sums[1];
  return {{"perplexity", std::exp(loss)},
          {"bits_per_byte", sums[0] / sums[2] / std::numbers::ln2},
          {"loss", loss}};
}

std::vector<std::string> NextToken::metric_names() const {
  return {"perplexity", "bits_per_byte", "loss"};
}

std::string NextToken::description() const {
  return fmt::format(R"({{"task":"next_token","tokens":{},"context":{},"vocabulary":{}}})",
                     train_.size(0), context_, tokenizer_.vocabulary());
}

nlohmann::json NextToken::companion() const {
  return {{"pairs", tokenizer_.pairs()}};
}

}  // namespace wattune::train
