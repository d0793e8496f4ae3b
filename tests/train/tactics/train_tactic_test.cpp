#include "tactics/tactic.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/ir/ir.h>

#include "tactics/dense_layers.hpp"
#include "tactics/prune.hpp"
#include "tactics/sparse.hpp"
#include "tactics/sparse_linear.hpp"
#include "train/support/script_models.hpp"

namespace wattune::train {
namespace {

using fake::numbers;
using fake::relative_error;
using fake::scripted;
using torch::jit::Module;

at::Tensor run(Module module, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return module.forward({x}).toTensor();
}

Transformed apply(Tactic tactic, const Module& module, const at::Tensor& x, double amount = 0.5) {
  return apply_tactic(tactic, amount, module, {x});
}

std::vector<std::string> operations(const Module& module) {
  std::vector<std::string> kinds;
  const auto graph = module.get_method("forward").graph();
  for (const auto* node : graph->nodes()) kinds.emplace_back(node->kind().toQualString());
  return kinds;
}

/// A convolution, normalisation and a dense layer, with statistics that folding has to respect.
Module small_cnn() {
  Module module("__torch__.SmallCnn");
  module.register_attribute("training", c10::BoolType::get(), false);
  const auto add = [&](const char* name, const at::Tensor& tensor) {
    module.register_parameter(name, tensor, false);
  };
  add("w", numbers({4, 1, 3, 3}, 1));
  add("b", numbers({4}, 2));
  add("scale", numbers({4}, 3).abs());
  add("shift", numbers({4}, 4));
  add("dense", numbers({10, 64}, 5));
  add("bias", numbers({10}, 6));
  module.register_buffer("mean", numbers({4}, 7));
  module.register_buffer("variance", numbers({4}, 8).abs() + 0.5);
  module.define(R"(
def forward(self, x):
    y = torch.conv2d(x, self.w, self.b, [1, 1], [1, 1])
    y = torch.batch_norm(y, self.scale, self.shift, self.mean, self.variance, False, 0.1, 1e-5, False)
    y = torch.max_pool2d(torch.relu(y), [2, 2])
    return torch.linear(torch.flatten(y, 1), self.dense, self.bias)
)");
  return module;
}

TEST(Tactic, HasANameAndIsFoundByIt) {
  EXPECT_EQ(to_tactic("int8-dynamic"), Tactic::Int8Dynamic);
  EXPECT_EQ(to_tactic("prune-global-sparse"), Tactic::PruneGlobalSparse);
  EXPECT_EQ(to_tactic("bfloat16"), Tactic::Bfloat16);
  EXPECT_EQ(to_tactic("int4"), std::nullopt);
}

TEST(Compile, GivesTheOutputsOfTheModel) {
  const Module module = fake::two_layers();
  const at::Tensor x = numbers({9, 6}, 5);

  const Transformed compiled = apply(Tactic::Compile, module, x);

  EXPECT_LT(relative_error(run(compiled.module, x), run(module, x)), 1e-5);
}

TEST(Int8, LosesLittleOfTheOutput) {
  const Module module = scripted("def forward(self, x): return torch.linear(x, self.w, self.b)",
                                 {{"w", numbers({64, 256}, 1)}, {"b", numbers({64}, 2)}});
  const at::Tensor x = numbers({32, 256}, 3);

  const Transformed rounded = apply(Tactic::Int8Dynamic, module, x);

  // Seven bits and a sign over a range of about four deviations: 4 / 127 / sqrt(12) twice.
  const double error = relative_error(run(rounded.module, x), run(module, x));
  EXPECT_LT(error, 0.02);
  EXPECT_GT(error, 1e-4);  // it is rounded indeed
  EXPECT_EQ(rounded.num_changed, 1);
}

TEST(Int8, FindsDenseLayersInEverySpelling) {
  const std::vector<std::pair<std::string, at::Tensor>> weights{{"w1", numbers({6, 6}, 1)},
                                                                {"w2", numbers({6, 6}, 2)},
                                                                {"w3", numbers({6, 6}, 3)},
                                                                {"w4", numbers({6, 6}, 4)},
                                                                {"b", numbers({6}, 5)}};
  const Module module = scripted(R"(
def forward(self, x):
    y = torch.linear(x, self.w1, self.b)
    y = torch.addmm(self.b, y, self.w2.t())
    y = torch.matmul(y, self.w3.t()) + self.b
    return torch.mm(y, self.w4)
)",
                                 weights);
  const at::Tensor x = numbers({4, 6}, 6);

  const Transformed rounded = apply(Tactic::Int8Dynamic, module, x);

  EXPECT_EQ(rounded.num_changed, 4);
  EXPECT_LT(relative_error(run(rounded.module, x), run(module, x)), 0.05);
  EXPECT_EQ(std::ranges::count(operations(rounded.module), "quantized::linear_dynamic"), 4);
}

TEST(Int8, LeavesAnAddmmWithFactorsAlone) {
  const Module module = scripted(
      "def forward(self, x): return torch.addmm(self.b, x, self.w, beta=2, alpha=1) + "
      "torch.linear(x, self.w)",
      {{"w", numbers({6, 6}, 1)}, {"b", numbers({6}, 2)}});
  const at::Tensor x = numbers({4, 6}, 6);

  EXPECT_EQ(apply(Tactic::Int8Dynamic, module, x).num_changed, 1);
}

TEST(Int8, TakesAnythingOfHigherRankThanAMatrix) {
  const Module module = scripted("def forward(self, x): return torch.linear(x, self.w, self.b)",
                                 {{"w", numbers({5, 16}, 1)}, {"b", numbers({5}, 2)}});
  const at::Tensor x = numbers({2, 7, 16}, 3);

  const at::Tensor y = run(apply(Tactic::Int8Dynamic, module, x).module, x);

  EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{2, 7, 5}));
  EXPECT_LT(relative_error(y, run(module, x)), 0.03);
}

TEST(Int8, RoundsTheGatesOfAnLstm) {
  const Module module = scripted(R"(
def forward(self, x):
    h = torch.zeros([1, x.size(1), 8])
    y, _, _ = torch.lstm(x, [h, h], [self.wi, self.wh, self.bi, self.bh], True, 1, 0.0, False, False, False)
    return y
)",
                                 {{"wi", numbers({32, 16}, 1) * 0.2},
                                  {"wh", numbers({32, 8}, 2) * 0.2},
                                  {"bi", numbers({32}, 3)},
                                  {"bh", numbers({32}, 4)}});
  const at::Tensor x = numbers({5, 3, 16}, 5);

  const Transformed rounded = apply(Tactic::Int8Dynamic, module, x);

  EXPECT_EQ(rounded.num_changed, 1);
  const double error = relative_error(run(rounded.module, x), run(module, x));
  EXPECT_LT(error, 0.03);
  EXPECT_GT(error, 1e-5);
}

TEST(Int8, MakesTheFileSmallerAndStaysReadable) {
  const Module module = scripted("def forward(self, x): return torch.linear(x, self.w, self.b)",
                                 {{"w", numbers({256, 256}, 1)}, {"b", numbers({256}, 2)}});

  const Transformed rounded = apply(Tactic::Int8Dynamic, module, numbers({2, 256}));

  EXPECT_LT(bytes_as_file(rounded.module).value(), bytes_as_file(module).value() / 2);
}

TEST(Int8, IsNotSupportedWhereNothingIsDense) {
  const Module module =
      scripted("def forward(self, x): return torch.relu(x)", {{"w", numbers({2, 2})}});

  try {
    static_cast<void>(apply(Tactic::Int8Dynamic, module, numbers({2, 2})));
    FAIL() << "it was accepted";
  } catch (const NotSupported& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no dense layer"));
  }
}

TEST(Tactics, LeaveTheModelTheyAreGivenAlone) {
  for (const std::string& name : tactic_names()) {
    const Module module = fake::two_layers();
    const at::Tensor x = numbers({4, 6}, 6);
    const at::Tensor before = run(module, x);

    static_cast<void>(apply(*to_tactic(name), module, x, 0.8));

    EXPECT_TRUE(at::equal(run(module, x), before)) << name;
  }
}

TEST(Bfloat16, KeepsEightBitsOfTheOutput) {
  const Module module = fake::two_layers();
  const at::Tensor x = numbers({9, 6}, 5);

  const Transformed converted = apply(Tactic::Bfloat16, module, x);

  ASSERT_TRUE(converted.takes_bfloat16);
  const at::Tensor y = run(converted.module, x.to(at::kBFloat16));
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(y.to(at::kFloat), run(module, x)), 0.02);
}

TEST(PruneLocal, SetsTheSmallestOfEveryTensorToZero) {
  Module module = fake::two_layers();
  const at::Tensor w1 = module.attr("w1").toTensor().detach().clone();

  EXPECT_EQ(prune_locally(module, 0.4), 12 + 6);  // of 30 and of 15

  const at::Tensor pruned = module.attr("w1").toTensor();
  EXPECT_EQ(pruned.eq(0).sum().item<std::int64_t>(), 12);
  EXPECT_EQ(module.attr("w2").toTensor().eq(0).sum().item<std::int64_t>(), 6);
  const at::Tensor kept = w1.abs().masked_select(pruned.ne(0));
  const at::Tensor gone = w1.abs().masked_select(pruned.eq(0));
  EXPECT_GE(kept.min().item<double>(), gone.max().item<double>());
  EXPECT_TRUE(at::equal(pruned.masked_select(pruned.ne(0)), w1.masked_select(pruned.ne(0))));
  EXPECT_EQ(module.attr("b1").toTensor().eq(0).sum().item<std::int64_t>(), 0);
}

TEST(PruneLocal, TakesTheWeightsOfAConvolutionOfOneChannelStoredChannelsLast) {
  // These strides, which such weights have in an exported file, count as contiguous, too.
  const at::Tensor weight = at::empty_strided({4, 1, 3, 3}, {9, 1, 3, 1});
  weight.copy_(numbers({4, 1, 3, 3}, 1));
  Module module = scripted("def forward(self, x): return torch.conv2d(x, self.w)", {{"w", weight}});

  EXPECT_EQ(prune_locally(module, 0.5), 18);

  EXPECT_EQ(module.attr("w").toTensor().eq(0).sum().item<std::int64_t>(), 18);
}

TEST(PruneGlobal, HasOneThresholdForAllTensors) {
  Module module = scripted("def forward(self, x): return torch.mm(torch.mm(x, self.a), self.b)",
                           {{"a", numbers({4, 4}, 1) * 100}, {"b", numbers({4, 4}, 2)}});

  EXPECT_EQ(prune_globally(module, 0.5), 16);

  EXPECT_EQ(module.attr("a").toTensor().eq(0).sum().item<std::int64_t>() +
                module.attr("b").toTensor().eq(0).sum().item<std::int64_t>(),
            16);
  EXPECT_GE(module.attr("b").toTensor().eq(0).sum().item<std::int64_t>(), 15);
}

TEST(Prune, CountsWhatIsLeft) {
  const Transformed pruned = apply(Tactic::PruneLocal, fake::two_layers(), numbers({4, 6}), 0.4);

  EXPECT_EQ(pruned.parameters->all, 30 + 5 + 15 + 3);
  EXPECT_EQ(pruned.parameters->nonzero, 30 + 5 + 15 + 3 - 18);
}

TEST(Prune, IsNotSupportedWhereTheWeightsAreConstants) {
  const Module frozen = torch::jit::freeze(fake::two_layers());

  EXPECT_THROW(static_cast<void>(apply(Tactic::PruneGlobal, frozen, numbers({4, 6}))),
               NotSupported);
}

TEST(SparseLinear, EqualsTheMaskedDenseLayer) {
  for (const double share : {0.0, 0.5, 0.95, 1.0}) {
    at::Tensor weight = numbers({37, 70}, 1);
    weight.masked_fill_(numbers({37, 70}, 2).abs().le(share * 6), 0);
    const at::Tensor bias = numbers({37}, 3);
    for (const std::int64_t batch : {1, 7, 8, 32, 33, 100}) {
      const at::Tensor x = numbers({batch, 70}, 4);

      const at::Tensor y = sparse_linear(x, to_sparse_matrix(weight), bias);

      EXPECT_TRUE(at::allclose(y, at::linear(x, weight, bias), 1e-5, 1e-4))
          << share << " " << batch;
      EXPECT_TRUE(at::allclose(sparse_linear(x, to_sparse_matrix(weight), std::nullopt),
                               at::linear(x, weight), 1e-5, 1e-4));
    }
  }
}

TEST(Sparse, EqualsThePrunedModelWhereverItIsUsed) {
  Module pruned = fake::two_layers();
  prune_locally(pruned, 0.8);
  const at::Tensor x = numbers({40, 6}, 5);

  const SparseRewrite rewrite = use_sparse_kernels(pruned, {x}, SparsePolicy::Always);

  EXPECT_EQ(rewrite.num_dense_layers, 2);
  EXPECT_EQ(rewrite.num_sparse, 2);
  EXPECT_EQ(std::ranges::count(operations(rewrite.module), "wattune::sparse_linear"), 2);
  EXPECT_LT(relative_error(run(rewrite.module, x), run(pruned, x)), 1e-6);
}

TEST(Sparse, PaysForAlmostEmptyLayersOnly) {
  at::set_num_threads(1);  // threads that wait for each other would be what is timed
  const at::Tensor x = numbers({64, 1024}, 1);
  Module module = scripted("def forward(self, x): return torch.linear(x, self.w)",
                           {{"w", numbers({2048, 1024}, 1)}});
  EXPECT_EQ(use_sparse_kernels(module, {x}, SparsePolicy::WhereFaster).num_sparse, 0);

  prune_locally(module, 0.999);
  EXPECT_EQ(use_sparse_kernels(module, {x}, SparsePolicy::WhereFaster).num_sparse, 1);
}

TEST(Compile, FoldsConvolutionAndNormalisation) {
  const Module module = small_cnn();
  const at::Tensor x = numbers({3, 1, 8, 8}, 9);

  const Transformed compiled = apply(Tactic::Compile, module, x);

  EXPECT_LT(relative_error(run(compiled.module, x), run(module, x)), 1e-5);
  EXPECT_EQ(std::ranges::count(operations(compiled.module), "aten::batch_norm"), 0);
}

}  // namespace
}  // namespace wattune::train
