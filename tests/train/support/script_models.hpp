#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace wattune::train::fake {

/// The same numbers at every call.
inline at::Tensor numbers(const std::vector<std::int64_t>& sizes, std::uint64_t seed = 1) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::kFloat);
}

/// A TorchScript module from its code and parameters.
inline torch::jit::Module scripted(const std::string& code,
                                   const std::vector<std::pair<std::string, at::Tensor>>& weights) {
  static int number = 0;
  torch::jit::Module module("__torch__.Made" + std::to_string(++number));
  module.register_attribute("training", c10::BoolType::get(), false);
  for (const auto& [name, tensor] : weights) {
    module.register_parameter(name, tensor.clone().set_requires_grad(true), false);
  }
  module.define(code + "\n");
  return module;
}

/// Two dense layers with a ReLU between them: 6 -> 5 -> 3.
inline torch::jit::Module two_layers() {
  return scripted(R"(
def forward(self, x):
    return torch.linear(torch.relu(torch.linear(x, self.w1, self.b1)), self.w2, self.b2)
)",
                  {{"w1", numbers({5, 6}, 1)},
                   {"b1", numbers({5}, 2)},
                   {"w2", numbers({3, 5}, 3)},
                   {"b2", numbers({3}, 4)}});
}

/// How far one tensor is from another, as a share of the other's length.
inline double relative_error(const at::Tensor& value, const at::Tensor& expected) {
  return ((value - expected).norm() / expected.norm()).item<double>();
}

}  // namespace wattune::train::fake
