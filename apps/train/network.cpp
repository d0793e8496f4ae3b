#include "network.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "counter_random.hpp"
#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr double kNormMomentum = 0.1;
constexpr double kNormEpsilon = 1e-5;
constexpr std::int64_t kAlignment = 16;  // floats in 64 bytes

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t result = 1;
  for (const std::int64_t size : sizes) result *= size;
  return result;
}

/// Bound of the uniform distribution that keeps the variance through a ReLU layer (He et al.,
/// ICCV 2015, arXiv:1502.01852).
double relu_bound(std::int64_t fan_in) {
  return std::sqrt(6.0 / static_cast<double>(fan_in));
}

/// Shows a piece of the flat buffer as a parameter; convolution weights lie with channels last.
at::Tensor as_parameter(const at::Tensor& piece, const std::vector<std::int64_t>& sizes) {
  if (sizes.size() != 4) return piece.view(sizes);
  return piece.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

}  // namespace

Network::Network(const NetworkShape& shape, std::uint64_t seed, at::Device device)
    : blocks_(shape.block_channels.size()),
      dense_(shape.hidden.size() + 1),
      padding_(shape.kernel / 2),
      dropout_(shape.dropout) {
  std::vector<Slot> slots;
  plan_blocks(shape, slots);
  plan_dense(shape, slots);
  allocate(slots, seed, device);
}

void Network::plan_blocks(const NetworkShape& shape, std::vector<Slot>& slots) {
  std::int64_t channels_in = 1;
  std::int64_t height = shape.height;
  std::int64_t width = shape.width;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::int64_t channels = shape.block_channels[i];
    const std::int64_t fan_in = channels_in * shape.kernel * shape.kernel;
    const double bound = relu_bound(fan_in);
    slots.push_back(
        {&blocks_[i].weight, {channels, channels_in, shape.kernel, shape.kernel}, -bound, bound});
    if (shape.batch_norm) {
      slots.push_back({&blocks_[i].scale, {channels}, 1, 1});
      slots.push_back({&blocks_[i].shift, {channels}, 0, 0});
    } else {
      slots.push_back({&blocks_[i].bias, {channels}, 0, 0});
    }
    macs_ += height * width * channels * fan_in;
    height /= 2;
    width /= 2;
    channels_in = channels;
  }
  if (height == 0 || width == 0) {
    throw UsageError(fmt::format("{} blocks halve an image of {} x {} to nothing", blocks_.size(),
                                 shape.height, shape.width));
  }
}

void Network::plan_dense(const NetworkShape& shape, std::vector<Slot>& slots) {
  const auto halvings = static_cast<unsigned>(blocks_.size());
  std::int64_t features = (shape.height >> halvings) * (shape.width >> halvings) *
                          (blocks_.empty() ? 1 : shape.block_channels.back());
  for (std::size_t i = 0; i < dense_.size(); ++i) {
    const bool is_output = i + 1 == dense_.size();
    const std::int64_t outputs = is_output ? shape.num_classes : shape.hidden[i];
    const double bound =
        is_output ? 1 / std::sqrt(static_cast<double>(features)) : relu_bound(features);
    slots.push_back({&dense_[i].weight, {outputs, features}, -bound, bound});
    slots.push_back({&dense_[i].bias, {outputs}, 0, 0});
    macs_ += outputs * features;
    features = outputs;
  }
}

void Network::allocate(const std::vector<Slot>& slots, std::uint64_t seed, at::Device device) {
  std::int64_t total = 0;
  for (const Slot& slot : slots) {
    num_parameters_ += product(slot.sizes);
    total += (product(slot.sizes) + kAlignment - 1) / kAlignment * kAlignment;
  }
  at::Tensor initial = at::zeros({total}, at::kFloat);
  auto* numbers = initial.data_ptr<float>();
  CounterRandom random(seed, Stream::Initial, 0);
  for (const Slot& slot : slots) {
    const std::int64_t count = product(slot.sizes);
    for (std::int64_t i = 0; i < count; ++i) {
      numbers[i] = static_cast<float>(slot.low + (slot.high - slot.low) * random.uniform());
    }
    numbers += (count + kAlignment - 1) / kAlignment * kAlignment;
  }
  flat_.values = initial.to(device);
  flat_.gradients = at::zeros_like(flat_.values);
  std::int64_t offset = 0;
  for (const Slot& slot : slots) {
    const std::int64_t count = product(slot.sizes);
    *slot.target = as_parameter(flat_.values.narrow(0, offset, count), slot.sizes).detach();
    slot.target->set_requires_grad(true);
    slot.target->mutable_grad() =
        as_parameter(flat_.gradients.narrow(0, offset, count), slot.sizes);
    offset += (count + kAlignment - 1) / kAlignment * kAlignment;
  }
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!blocks_[i].scale.defined()) continue;
    blocks_[i].running_mean = at::zeros(blocks_[i].scale.sizes(), flat_.values.options());
    blocks_[i].running_variance = at::ones(blocks_[i].scale.sizes(), flat_.values.options());
    buffers_.push_back({fmt::format("block{}.running_mean", i), blocks_[i].running_mean});
    buffers_.push_back({fmt::format("block{}.running_variance", i), blocks_[i].running_variance});
  }
}

at::Tensor Network::forward(const at::Tensor& images, bool is_training) {
  at::Tensor x = images;
  for (const Block& block : blocks_) {
    x = at::conv2d(x, block.weight, block.bias, 1, padding_);
    x = at::max_pool2d(x, 2);
    if (block.scale.defined()) {
      x = at::batch_norm(x, block.scale, block.shift, block.running_mean, block.running_variance,
                         is_training, kNormMomentum, kNormEpsilon, false);
    }
    x = at::relu_(x);
  }
  x = x.flatten(1);
  for (std::size_t i = 0; i < dense_.size(); ++i) {
    const bool sees_image = i == 0 && blocks_.empty();
    if (!sees_image && is_training && dropout_ > 0) x = at::dropout(x, dropout_, true);
    x = at::linear(x, dense_[i].weight, dense_[i].bias);
    if (i + 1 < dense_.size()) x = at::relu_(x);
  }
  return x;
}

}  // namespace wattune::train
