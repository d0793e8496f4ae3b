#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/model.hpp"

namespace wattune::train {

struct TransformerShape {
  std::int64_t vocabulary = 256;
  std::int64_t context = 64;  ///< Longest sequence, in tokens.
  std::int64_t width = 64;    ///< Of a token's vector; a multiple of `attention_heads`.
  std::int64_t layers = 2;
  std::int64_t attention_heads = 4;
  double dropout = 0;  ///< After the embedding and after each branch of a block.
};

/// A decoder-only Transformer that tells, at every token, the next one.
///
/// Takes [batch x context] int64 tokens, gives [batch x context x vocabulary]. Normalisation comes
/// first in each branch, positions are learnt, the output shares its weights with the embedding.
/// Parts: embedding, position, block0, block1, ..., norm.
///
/// Source   Vaswani et al., NeurIPS 2017, arXiv:1706.03762; the arrangement of Radford et al.,
///          Language Models are Unsupervised Multitask Learners, 2019
class Transformer : public Model {
 public:
  /// Keys and values of the tokens so far, so that the next token costs one token's work.
  struct Cache {
    std::vector<at::Tensor> keys;    ///< Per layer [batch * attention heads x context x width].
    std::vector<at::Tensor> values;  ///< Alike.
    std::int64_t length = 0;
  };

  [[nodiscard]] virtual const TransformerShape& shape() const = 0;
  [[nodiscard]] virtual Cache open_cache(std::int64_t batch) const = 0;

  /// Takes    tokens  [batch x more] that follow those in the cache; all fit into the context
  /// Gives    logits of the token after the last [batch x vocabulary], float32
  virtual at::Tensor go_on(const at::Tensor& tokens, Cache& cache) = 0;
};

std::unique_ptr<Transformer> make_transformer(const TransformerShape& shape,
                                              const BuildOptions& options);

}  // namespace wattune::train
