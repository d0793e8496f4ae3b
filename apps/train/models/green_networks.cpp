#include "models/green_networks.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "errors.hpp"

namespace wattune::train {
namespace {

const char* name_of(GreenNetwork kind) {
  switch (kind) {
    case GreenNetwork::DensePoly:
      return "dense-poly";
    case GreenNetwork::DenseLinear:
      return "dense-linear";
    case GreenNetwork::SimpleCnn:
      break;
  }
  return "simple-cnn";
}

class GreenNetworkModel final : public Model {
 public:
  GreenNetworkModel(const GreenNetworkShape& shape, const BuildOptions& options) : shape_(shape) {
    Planner plan;
    std::int64_t channels = shape.image.channels;
    ImageSize size{shape.image.height, shape.image.width};
    if (shape.kind == GreenNetwork::SimpleCnn) {
      blocks_.resize(static_cast<std::size_t>(shape.convolution_layers));
    }
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const std::string name = fmt::format("block{}", i);
      size = plan.convolution(blocks_[i].convolution, name, {channels, 3 * channels, 3, 1, 1},
                              Bounds::pytorch(9 * channels), size);
      channels *= 3;
      plan.batch_norm(blocks_[i].norm, name + ".norm", channels);
      size = {size.height / 2, size.width / 2};
    }
    if (size.height == 0 || size.width == 0) {
      throw UsageError(fmt::format("{} convolution layers halve an image of {} x {} to nothing",
                                   blocks_.size(), shape.image.height, shape.image.width));
    }
    std::int64_t features = channels * size.height * size.width;
    const auto widths = green_widths(shape.kind, features, channels, shape.dense_layers);
    dense_.resize(widths.size());
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      plan.dense(dense_[i], fmt::format("dense{}", i), features, widths[i],
                 Bounds::pytorch(features));
      features = widths[i];
    }
    heads_.plan(plan, shape.heads, features, Bounds::pytorch(features));
    build(plan, options);
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format(R"({{"model":"{}","image":[{},{},{}],"heads":{},"dense_layers":{},)"
                       R"("convolution_layers":{},"relu":{}}})",
                       name_of(shape_.kind), shape_.image.channels, shape_.image.height,
                       shape_.image.width, to_json(shape_.heads), shape_.dense_layers,
                       blocks_.size(), shape_.has_relu);
  }

 private:
  struct Block {
    Convolution convolution;
    BatchNorm norm;
  };

  at::Tensor compute(const at::Tensor& images, bool is_training) override {
    at::Tensor x = images;
    for (const Block& block : blocks_) {
      x = block.norm(block.convolution(x), is_training);
      if (shape_.has_relu) x = activated(x.relu_());
      x = at::max_pool2d(x, 2);
    }
    x = x.flatten(1);
    for (const Dense& layer : dense_) x = layer(x);
    return heads_(x);
  }

  GreenNetworkShape shape_;
  std::vector<Block> blocks_;
  std::vector<Dense> dense_;
  Heads heads_;
};

}  // namespace

std::vector<std::int64_t> green_widths(GreenNetwork kind, std::int64_t inputs,
                                       std::int64_t channels, std::int64_t dense_layers) {
  std::vector<std::int64_t> widths;
  for (std::int64_t i = 0; i + 1 < dense_layers; ++i) {
    const std::int64_t width =
        kind == GreenNetwork::DenseLinear
            ? (inputs * (dense_layers - i - 1)) / dense_layers  // floor of C d^2 - (i+1) C d^2 / N
            : inputs >> std::min<std::int64_t>(i + 1, 62);
    widths.push_back(std::max(width, channels));
  }
  return widths;
}

std::unique_ptr<Model> make_green_network(const GreenNetworkShape& shape,
                                          const BuildOptions& options) {
  return std::make_unique<GreenNetworkModel>(shape, options);
}

}  // namespace wattune::train
