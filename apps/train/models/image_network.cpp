#include "models/image_network.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "errors.hpp"

namespace wattune::train {
namespace {

class ImageNetwork final : public Model {
 public:
  ImageNetwork(const ImageNetworkShape& shape, const BuildOptions& options)
      : shape_(shape), blocks_(shape.block_channels.size()), dense_(shape.hidden.size()) {
    Planner plan;
    plan_dense(plan, plan_blocks(plan));
    build(plan, options);
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format(
        R"({{"model":"{}","image":[{},{},{}],"heads":{},"blocks":[{}],"kernel":{},"batch_norm":{},)"
        R"("hidden":[{}],"dropout":{}}})",
        blocks_.empty() ? "mlp" : "cnn", shape_.image.channels, shape_.image.height,
        shape_.image.width, to_json(shape_.heads), fmt::join(shape_.block_channels, ","),
        shape_.kernel, shape_.batch_norm, fmt::join(shape_.hidden, ","), shape_.dropout);
  }

 private:
  struct Block {
    Convolution convolution;
    BatchNorm norm;
  };

  /// Gives    numbers per sample that leave the last block
  std::int64_t plan_blocks(Planner& plan) {
    std::int64_t channels_in = shape_.image.channels;
    ImageSize size{shape_.image.height, shape_.image.width};
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const std::int64_t channels = shape_.block_channels[i];
      const std::int64_t fan_in = channels_in * shape_.kernel * shape_.kernel;
      const std::string name = fmt::format("block{}", i);
      size = plan.convolution(
          blocks_[i].convolution, name,
          {channels_in, channels, shape_.kernel, 1, shape_.kernel / 2},
          shape_.batch_norm ? Bounds::relu_without_bias(fan_in) : Bounds::relu(fan_in), size);
      if (shape_.batch_norm) plan.batch_norm(blocks_[i].norm, name + ".norm", channels);
      size = {size.height / 2, size.width / 2};
      channels_in = channels;
    }
    if (size.height == 0 || size.width == 0) {
      throw UsageError(fmt::format("{} blocks halve an image of {} x {} to nothing", blocks_.size(),
                                   shape_.image.height, shape_.image.width));
    }
    return size.height * size.width * channels_in;
  }

  void plan_dense(Planner& plan, std::int64_t features) {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      plan.dense(dense_[i], fmt::format("dense{}", i), features, shape_.hidden[i],
                 Bounds::relu(features));
      features = shape_.hidden[i];
    }
    heads_.plan(plan, shape_.heads, features, Bounds::output(features));
  }

  at::Tensor compute(const at::Tensor& images, bool is_training) override {
    at::Tensor x = images;
    for (const Block& block : blocks_) {
      x = at::max_pool2d(block.convolution(x), 2);
      if (shape_.batch_norm) x = block.norm(x, is_training);
      x = activated(x.relu_());
    }
    x = x.flatten(1);
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      x = activated(dense_[i](dropped(x, is_training, i > 0)).relu_());
    }
    return heads_(dropped(x, is_training, !dense_.empty()));
  }

  [[nodiscard]] at::Tensor dropped(const at::Tensor& x, bool is_training, bool is_hidden) const {
    const bool sees_image = !is_hidden && blocks_.empty();
    if (sees_image || !is_training || shape_.dropout <= 0) return x;
    return at::dropout(x, shape_.dropout, true);
  }

  ImageNetworkShape shape_;
  std::vector<Block> blocks_;
  std::vector<Dense> dense_;
  Heads heads_;
};

}  // namespace

std::unique_ptr<Model> make_image_network(const ImageNetworkShape& shape,
                                          const BuildOptions& options) {
  return std::make_unique<ImageNetwork>(shape, options);
}

}  // namespace wattune::train
