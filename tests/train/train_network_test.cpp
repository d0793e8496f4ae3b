#include "network.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "errors.hpp"

namespace wattune::train {
namespace {

at::Tensor some_images(std::int64_t batch) {
  at::Tensor pixels = at::arange(batch * 28 * 28, at::kFloat).mul_(0.37).sin_();
  return pixels.view({batch, 28, 28, 1}).permute({0, 3, 1, 2});
}

TEST(Network, CountsAPerceptronAsByHand) {
  const Network network({.hidden = {128, 64}}, 1, at::kCPU);

  EXPECT_EQ(network.num_parameters(), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10);
  EXPECT_EQ(network.macs(), 784 * 128 + 128 * 64 + 64 * 10);
}

TEST(Network, CountsAConvolutionalNetworkAsByHand) {
  const Network network({.block_channels = {16, 32}, .kernel = 5}, 1, at::kCPU);

  // 25 weights a kernel; outputs of 28 x 28, then 14 x 14, then 7 x 7 into the dense layer.
  EXPECT_EQ(network.num_parameters(), 16 * 25 + 16 + 32 * 16 * 25 + 32 + 10 * 32 * 49 + 10);
  EXPECT_EQ(network.macs(), 784 * 16 * 25 + 196 * 32 * 16 * 25 + 10 * 32 * 49);
}

TEST(Network, CountsScaleAndShiftInPlaceOfTheBias) {
  const Network network({.block_channels = {4}, .batch_norm = true}, 1, at::kCPU);

  EXPECT_EQ(network.num_parameters(), 4 * 9 + 4 + 4 + 10 * 4 * 196 + 10);
  EXPECT_EQ(network.buffers().size(), 2U);
}

TEST(Network, BeginsAsAFunctionOfTheSeed) {
  Network one({.hidden = {16}}, 1, at::kCPU);
  Network same({.hidden = {16}}, 1, at::kCPU);
  Network other({.hidden = {16}}, 2, at::kCPU);

  EXPECT_TRUE(at::equal(one.parameters().values, same.parameters().values));
  EXPECT_FALSE(at::equal(one.parameters().values, other.parameters().values));
}

TEST(Network, KeepsTheScaleOfItsInputThroughManyLayers) {
  Network network({.hidden = std::vector<std::int64_t>(10, 256)}, 1, at::kCPU);

  const double deviation = network.forward(some_images(64), false).std().item<double>();

  EXPECT_GT(deviation, 0.05);  // ten layers that each lost a half would leave 0.001
  EXPECT_LT(deviation, 5);
}

TEST(Network, PutsTheGradientsOfALossIntoTheFlatBuffer) {
  Network network({.block_channels = {2}, .batch_norm = true, .hidden = {5}}, 1, at::kCPU);
  const at::Tensor images = some_images(3);
  const at::Tensor labels = at::tensor({1, 2, 3}, at::kLong);
  const auto loss = [&] { return at::cross_entropy_loss(network.forward(images, true), labels); };
  loss().backward();
  FlatParameters& flat = network.parameters();
  const at::Tensor gradients = flat.gradients.clone();

  at::NoGradGuard no_grad;
  const auto along = [&](double distance) {
    flat.values.add_(gradients, distance);
    const double value = loss().item<double>();
    flat.values.sub_(gradients, distance);
    return value;
  };
  const double step = 1e-3;
  const double slope = (along(step) - along(-step)) / (2 * step);
  const double expected = gradients.square().sum().item<double>();

  EXPECT_GT(expected, 0.1);
  EXPECT_NEAR(slope / expected, 1, 0.02);  // finite differences in single precision
}

TEST(Network, IsNotChangedByEvaluation) {
  Network network({.block_channels = {2}, .batch_norm = true, .dropout = 0.5}, 1, at::kCPU);
  const at::Tensor mean = network.buffers()[0].tensor;
  const at::Tensor before = mean.clone();

  const at::Tensor first = network.forward(some_images(8), false);
  EXPECT_TRUE(at::equal(first, network.forward(some_images(8), false)));
  EXPECT_TRUE(at::equal(mean, before));

  network.forward(some_images(8), true);
  EXPECT_FALSE(at::equal(mean, before));
}

TEST(Network, RefusesMoreBlocksThanTheImageCanBeHalved) {
  EXPECT_THROW(Network({.block_channels = {2, 2, 2, 2, 2}}, 1, at::kCPU), UsageError);
}

}  // namespace
}  // namespace wattune::train
