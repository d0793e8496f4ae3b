#include "models/resnet.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kSmallestSide = 8;

/// Two 3 x 3 convolutions beside a short cut, which is a 1 x 1 convolution where sizes change.
struct BasicBlock {
  Convolution first, second, short_cut;
  BatchNorm first_norm, second_norm, short_cut_norm;

  ImageSize plan(Planner& planner, const std::string& name, std::int64_t channels_in,
                 std::int64_t channels, std::int64_t stride, ImageSize size) {
    const ImageSize after =
        planner.convolution(first, name + ".conv1", {channels_in, channels, 3, stride, 1},
                            Bounds::relu_without_bias(9 * channels_in), size);
    planner.batch_norm(first_norm, name + ".norm1", channels);
    planner.convolution(second, name + ".conv2", {channels, channels, 3, 1, 1},
                        Bounds::relu_without_bias(9 * channels), after);
    planner.batch_norm(second_norm, name + ".norm2", channels);
    if (stride != 1 || channels_in != channels) {
      planner.convolution(short_cut, name + ".short_cut", {channels_in, channels, 1, stride, 0},
                          Bounds::relu_without_bias(channels_in), size);
      planner.batch_norm(short_cut_norm, name + ".short_cut_norm", channels);
    }
    return after;
  }
};

class ResNet18 final : public Model {
 public:
  ResNet18(const ResNetShape& shape, const BuildOptions& options) : shape_(shape) {
    if (shape.image.height < kSmallestSide || shape.image.width < kSmallestSide) {
      throw UsageError(fmt::format("resnet18 halves an image of {} x {} to nothing",
                                   shape.image.height, shape.image.width));
    }
    Planner plan;
    std::int64_t channels = shape.width;
    ImageSize size{shape.image.height, shape.image.width};
    plan.convolution(stem_, "stem", {shape.image.channels, channels, 3, 1, 1},
                     Bounds::relu_without_bias(9 * shape.image.channels), size);
    plan.batch_norm(stem_norm_, "stem.norm", channels);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const bool halves = i > 0 && i % 2 == 0;
      const std::int64_t channels_out = halves ? 2 * channels : channels;
      size = blocks_[i].plan(plan, fmt::format("stage{}.block{}", i / 2 + 1, i % 2), channels,
                             channels_out, halves ? 2 : 1, size);
      channels = channels_out;
    }
    heads_.plan(plan, shape.heads, channels, Bounds::output(channels));
    build(plan, options);
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format(R"({{"model":"resnet18","image":[{},{},{}],"heads":{},"width":{}}})",
                       shape_.image.channels, shape_.image.height, shape_.image.width,
                       to_json(shape_.heads), shape_.width);
  }

 private:
  at::Tensor compute(const at::Tensor& images, bool is_training) override {
    at::Tensor x = activated(stem_norm_(stem_(images), is_training).relu_());
    for (const BasicBlock& block : blocks_) {
      const at::Tensor short_cut = block.short_cut.weight.defined()
                                       ? block.short_cut_norm(block.short_cut(x), is_training)
                                       : x;
      at::Tensor inner = block.first_norm(block.first(x), is_training).relu_();
      inner = block.second_norm(block.second(activated(inner)), is_training);
      x = activated(inner.add_(short_cut).relu_());
    }
    return heads_(x.mean({2, 3}));
  }

  ResNetShape shape_;
  Convolution stem_;
  BatchNorm stem_norm_;
  std::array<BasicBlock, 8> blocks_;
  Heads heads_;
};

}  // namespace

std::unique_ptr<Model> make_resnet18(const ResNetShape& shape, const BuildOptions& options) {
  return std::make_unique<ResNet18>(shape, options);
}

}  // namespace wattune::train
