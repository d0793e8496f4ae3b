#include "models/layers.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace wattune::train {
namespace {

constexpr std::int64_t kFewChannels = 16;
constexpr double kNormMomentum = 0.1;
constexpr double kNormEpsilon = 1e-5;

double relu_bound(std::int64_t fan_in) {
  return std::sqrt(6.0 / static_cast<double>(fan_in));
}

double inverse_root(std::int64_t fan_in) {
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

}  // namespace

at::Tensor Dense::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

at::Tensor Convolution::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight, bias, stride, padding);
}

at::Tensor BatchNorm::operator()(const at::Tensor& x, bool is_training) const {
  // LibTorch's CPU kernel for channels last is up to thirty times slower for a few channels, for it
  // works through the channels of one pixel at a time.
  if (x.dim() == 4 && x.size(1) < kFewChannels && x.is_cpu() && !x.is_contiguous()) {
    return (*this)(x.contiguous(), is_training);
  }
  return at::batch_norm(x, scale, shift, running_mean, running_variance,
                        is_training && scale.requires_grad(), kNormMomentum, kNormEpsilon,
                        x.is_cuda());
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  // Its parameters stay in float32, and LibTorch's CPU kernel wants one type for all.
  if (x.scalar_type() != scale.scalar_type()) return (*this)(x.to(at::kFloat)).to(x.scalar_type());
  return at::layer_norm(x, scale.sizes(), scale, shift, kNormEpsilon);
}

Bounds Bounds::relu(std::int64_t fan_in) {
  return {relu_bound(fan_in), 0};
}

Bounds Bounds::relu_without_bias(std::int64_t fan_in) {
  return {relu_bound(fan_in), std::nullopt};
}

Bounds Bounds::output(std::int64_t fan_in) {
  return {inverse_root(fan_in), 0};
}

Bounds Bounds::pytorch(std::int64_t fan_in) {
  return {inverse_root(fan_in), inverse_root(fan_in)};
}

void Planner::dense(Dense& layer, const std::string& name, std::int64_t inputs,
                    std::int64_t outputs, Bounds bounds, std::int64_t rows) {
  parameter(layer.weight, name + ".weight", {outputs, inputs}, bounds.weight);
  if (bounds.bias) parameter(layer.bias, name + ".bias", {outputs}, *bounds.bias);
  macs_ += rows * inputs * outputs;
}

ImageSize Planner::convolution(Convolution& layer, const std::string& name,
                               const ConvolutionShape& shape, Bounds bounds, ImageSize size) {
  parameter(layer.weight, name + ".weight",
            {shape.channels_out, shape.channels_in, shape.kernel, shape.kernel}, bounds.weight);
  if (bounds.bias) parameter(layer.bias, name + ".bias", {shape.channels_out}, *bounds.bias);
  layer.stride = shape.stride;
  layer.padding = shape.padding;
  const auto side = [&](std::int64_t before) {
    return (before + 2 * shape.padding - shape.kernel) / shape.stride + 1;
  };
  const ImageSize after{side(size.height), side(size.width)};
  macs_ += after.height * after.width * shape.channels_out * shape.channels_in * shape.kernel *
           shape.kernel;
  return after;
}

void Planner::batch_norm(BatchNorm& layer, const std::string& name, std::int64_t channels) {
  parameters_.push_back({&layer.scale, name + ".scale", {channels}, 1, 1, true});
  parameters_.push_back({&layer.shift, name + ".shift", {channels}, 0, 0, true});
  buffers_.push_back({&layer.running_mean, name + ".running_mean", channels, 0});
  buffers_.push_back({&layer.running_variance, name + ".running_variance", channels, 1});
}

void Planner::layer_norm(LayerNorm& layer, const std::string& name, std::int64_t width) {
  parameters_.push_back({&layer.scale, name + ".scale", {width}, 1, 1, true});
  parameters_.push_back({&layer.shift, name + ".shift", {width}, 0, 0, true});
}

void Planner::parameter(at::Tensor& target, const std::string& name,
                        std::vector<std::int64_t> sizes, double bound) {
  parameters_.push_back({&target, name, std::move(sizes), -bound, bound});
}

}  // namespace wattune::train
