#include "models/transformer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace wattune::train {
namespace {

/// Half the width of a uniform distribution with the usual standard deviation of 0.02.
const double kEmbeddingBound = 0.02 * std::sqrt(3.0);

struct Block {
  LayerNorm attention_norm, mlp_norm;
  Dense query_key_value, attention_output, up, down;

  void plan(Planner& planner, const std::string& name, const TransformerShape& shape) {
    const std::int64_t width = shape.width;
    // The two layers that end a branch begin smaller, the more of them add up.
    const double last = kEmbeddingBound / std::sqrt(2.0 * static_cast<double>(shape.layers));
    planner.layer_norm(attention_norm, name + ".attention_norm", width);
    planner.dense(query_key_value, name + ".query_key_value", width, 3 * width,
                  {kEmbeddingBound, 0}, shape.context);
    planner.add_macs(2 * shape.context * shape.context * width);  // scores, then weighted values
    planner.dense(attention_output, name + ".attention_output", width, width, {last, 0},
                  shape.context);
    planner.layer_norm(mlp_norm, name + ".mlp_norm", width);
    planner.dense(up, name + ".up", width, 4 * width, {kEmbeddingBound, 0}, shape.context);
    planner.dense(down, name + ".down", 4 * width, width, {last, 0}, shape.context);
  }
};

class DecoderTransformer final : public Transformer {
 public:
  DecoderTransformer(const TransformerShape& shape, const BuildOptions& options)
      : shape_(shape), blocks_(static_cast<std::size_t>(shape.layers)) {
    Planner plan;
    plan.parameter(embedding_, "embedding", {shape.vocabulary, shape.width}, kEmbeddingBound);
    plan.parameter(position_, "position", {shape.context, shape.width}, kEmbeddingBound);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      blocks_[i].plan(plan, fmt::format("block{}", i), shape);
    }
    plan.layer_norm(norm_, "norm", shape.width);
    plan.add_macs(shape.context * shape.width * shape.vocabulary);
    build(plan, options);
    mask_ = at::full({shape.context, shape.context}, -std::numeric_limits<double>::infinity(),
                     embedding_.options().requires_grad(false))
                .triu_(1);
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format(
        R"({{"model":"transformer","vocabulary":{},"context":{},"width":{},"layers":{},)"
        R"("attention_heads":{},"dropout":{}}})",
        shape_.vocabulary, shape_.context, shape_.width, shape_.layers, shape_.attention_heads,
        shape_.dropout);
  }

  [[nodiscard]] const TransformerShape& shape() const override { return shape_; }

  [[nodiscard]] Cache open_cache(std::int64_t batch) const override {
    Cache cache;
    const std::vector<std::int64_t> sizes{batch * shape_.attention_heads, shape_.context,
                                          head_width()};
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      cache.keys.push_back(at::empty(sizes, mask_.options()));
      cache.values.push_back(at::empty(sizes, mask_.options()));
    }
    return cache;
  }

  at::Tensor go_on(const at::Tensor& tokens, Cache& cache) override {
    const at::NoGradGuard no_grad;
    const std::int64_t before = cache.length;
    const std::int64_t count = tokens.size(1);
    const std::int64_t length = before + count;
    at::Tensor x = at::embedding(embedding_, tokens) + position_.narrow(0, before, count);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const std::vector<at::Tensor> heads =
          split_heads(blocks_[i].query_key_value(blocks_[i].attention_norm(x)), count);
      cache.keys[i].narrow(1, before, count).copy_(heads[1]);
      cache.values[i].narrow(1, before, count).copy_(heads[2]);
      const at::Tensor mask = mask_.narrow(0, before, count).narrow(1, 0, length);
      x = x +
          blocks_[i].attention_output(attend(heads[0], cache.keys[i].narrow(1, 0, length),
                                             cache.values[i].narrow(1, 0, length), mask, count));
      x = x + feed_forward(blocks_[i], x);
    }
    cache.length = length;
    return at::linear(norm_(x.select(1, -1)), embedding_).to(at::kFloat);
  }

 private:
  [[nodiscard]] std::int64_t head_width() const { return shape_.width / shape_.attention_heads; }

  at::Tensor compute(const at::Tensor& tokens, bool is_training) override {
    const std::int64_t count = tokens.size(1);
    at::Tensor x = at::embedding(embedding_, tokens) + position_.narrow(0, 0, count);
    x = dropped(x, is_training);
    const at::Tensor mask = mask_.narrow(0, 0, count).narrow(1, 0, count);
    for (const Block& block : blocks_) {
      const std::vector<at::Tensor> heads =
          split_heads(block.query_key_value(block.attention_norm(x)), count);
      const at::Tensor mixed = attend(heads[0], heads[1], heads[2], mask, count);
      x = x + dropped(block.attention_output(mixed), is_training);
      x = x + dropped(feed_forward(block, x), is_training);
    }
    return at::linear(norm_(x), embedding_);
  }

  /// [batch x count x 3 width] to three of [(batch * heads) x count x head width], in one copy.
  [[nodiscard]] std::vector<at::Tensor> split_heads(const at::Tensor& together,
                                                    std::int64_t count) const {
    return together.view({-1, count, 3, shape_.attention_heads, head_width()})
        .permute({2, 0, 3, 1, 4})
        .reshape({3, -1, count, head_width()})
        .unbind(0);
  }

  /// Takes    query [n x count x head width], key and value [n x length x head width], mask
  ///          [count x length] that is 0 where a token may look and minus infinity elsewhere
  [[nodiscard]] at::Tensor attend(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const at::Tensor& mask,
                                  std::int64_t count) const {
    const double scale = 1 / std::sqrt(static_cast<double>(head_width()));
    const at::Tensor scores = at::baddbmm(mask, query, key.transpose(1, 2), 1, scale);
    return at::bmm(scores.softmax(-1), value)
        .view({-1, shape_.attention_heads, count, head_width()})
        .transpose(1, 2)
        .reshape({-1, count, shape_.width});
  }

  [[nodiscard]] at::Tensor feed_forward(const Block& block, const at::Tensor& x) const {
    return block.down(activated(at::gelu(block.up(block.mlp_norm(x)))));
  }

  [[nodiscard]] at::Tensor dropped(const at::Tensor& x, bool is_training) const {
    return is_training && shape_.dropout > 0 ? at::dropout(x, shape_.dropout, true) : x;
  }

  TransformerShape shape_;
  at::Tensor embedding_, position_;
  std::vector<Block> blocks_;
  LayerNorm norm_;
  at::Tensor mask_;
};

}  // namespace

std::unique_ptr<Transformer> make_transformer(const TransformerShape& shape,
                                              const BuildOptions& options) {
  return std::make_unique<DecoderTransformer>(shape, options);
}

}  // namespace wattune::train
