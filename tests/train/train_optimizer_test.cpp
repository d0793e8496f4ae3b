#include "training/optimizer.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <functional>

namespace wattune::train {
namespace {

constexpr double kRate = 0.03;

using MakeReference =
    std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<at::Tensor>)>;

/// Takes 30 steps down a bumpy bowl with ours and with LibTorch's, and compares where both end.
void expect_same_path(const OptimizerOptions& options, const MakeReference& make_reference) {
  const at::Tensor start = at::linspace(-2, 2, 37, at::kFloat);
  FlatParameters flat{start.clone(), at::zeros_like(start)};
  const auto ours = make_optimizer(options, flat);
  at::Tensor reference = start.clone().set_requires_grad(true);
  const auto theirs = make_reference({reference});
  const auto gradient = [](const at::Tensor& x) { return x.mul(0.7) + x.mul(5).sin(); };

  for (std::int64_t step = 1; step <= 30; ++step) {
    flat.gradients.copy_(gradient(flat.values));
    ours->step(step, kRate);
    reference.mutable_grad() = gradient(reference.detach());
    theirs->step();
  }

  EXPECT_FALSE(at::allclose(flat.values, start, 0.1, 0.1));
  // Single precision over 30 steps of a curve with slope up to 6.
  EXPECT_LT((flat.values - reference.detach()).abs().max().item<double>(), 2e-5);
}

TEST(Optimizer, SgdGoesWhereLibTorchGoes) {
  expect_same_path({.momentum = 0, .weight_decay = 0.1}, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::SGD>(parameters,
                                               torch::optim::SGDOptions(kRate).weight_decay(0.1));
  });
}

TEST(Optimizer, SgdWithMomentumGoesWhereLibTorchGoes) {
  expect_same_path({.momentum = 0.8}, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::SGD>(parameters,
                                               torch::optim::SGDOptions(kRate).momentum(0.8));
  });
}

TEST(Optimizer, SgdWithNesterovMomentumGoesWhereLibTorchGoes) {
  expect_same_path(
      {.momentum = 0.8, .nesterov = true, .weight_decay = 0.01},
      [](std::vector<at::Tensor> parameters) {
        return std::make_unique<torch::optim::SGD>(
            parameters,
            torch::optim::SGDOptions(kRate).momentum(0.8).nesterov(true).weight_decay(0.01));
      });
}

TEST(Optimizer, AdamGoesWhereLibTorchGoes) {
  expect_same_path(
      {.kind = OptimizerKind::Adam, .beta2 = 0.99, .weight_decay = 0.1},
      [](std::vector<at::Tensor> parameters) {
        return std::make_unique<torch::optim::Adam>(
            parameters,
            torch::optim::AdamOptions(kRate).betas(std::make_tuple(0.9, 0.99)).weight_decay(0.1));
      });
}

TEST(Optimizer, AcceptsABetaThatItDoesNotUse) {
  expect_same_path({.kind = OptimizerKind::Adam, .beta2 = 0.5, .is_beta2_inert = true},
                   [](std::vector<at::Tensor> parameters) {
                     return std::make_unique<torch::optim::Adam>(parameters,
                                                                 torch::optim::AdamOptions(kRate));
                   });
}

TEST(Optimizer, AdamWGoesWhereLibTorchGoes) {
  expect_same_path({.kind = OptimizerKind::AdamW, .weight_decay = 0.5},
                   [](std::vector<at::Tensor> parameters) {
                     return std::make_unique<torch::optim::AdamW>(
                         parameters, torch::optim::AdamWOptions(kRate).weight_decay(0.5));
                   });
}

}  // namespace
}  // namespace wattune::train
