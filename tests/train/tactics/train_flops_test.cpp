#include "tactics/flops.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tactics/sparse.hpp"
#include "tactics/tactic.hpp"
#include "train/support/script_models.hpp"

namespace wattune::train {
namespace {

using fake::numbers;
using fake::scripted;
using torch::jit::Module;

std::optional<double> count(const Module& module, const at::Tensor& x) {
  return forward_flops(record_tape(module, {x}));
}

TEST(Tape, IsReplayedToTheOutputOfTheModel) {
  const at::NoGradGuard no_grad;
  Module module = fake::two_layers();
  const at::Tensor x = numbers({4, 6}, 7);
  const Tape tape = record_tape(module, {x});

  std::vector<c10::IValue> values = tape.values;
  replay(tape, 0, tape.instructions.size(), values);

  const at::Tensor expected = module.forward({x}).toTensor();
  EXPECT_TRUE(at::equal(tape.values[tape.output].toTensor(), expected));
  EXPECT_TRUE(at::equal(values[tape.output].toTensor(), expected));
}

TEST(Tape, FollowsBranchesAndLoops) {
  const at::NoGradGuard no_grad;
  Module module = scripted(R"(
def forward(self, x):
    if x.size(0) > 2:
        y = torch.mm(x, self.w)
    else:
        y = x
    for i in range(3):
        y = torch.mm(y, self.w)
    a, b = y.split_with_sizes([1, 2], 1)
    return torch.cat([a, b], 1)
)",
                           {{"w", numbers({3, 3})}});

  for (const std::int64_t rows : {2, 5}) {
    const at::Tensor x = numbers({rows, 3}, 2);
    const Tape tape = record_tape(module, {x});
    EXPECT_TRUE(at::equal(tape.values[tape.output].toTensor(), module.forward({x}).toTensor()));
    const int num_products = rows > 2 ? 4 : 3;
    EXPECT_EQ(forward_flops(tape), num_products * 2.0 * 9 * static_cast<double>(rows));
  }
}

TEST(Tape, CanBeRunAgainWhereTheModelChangesItsValuesInPlace) {
  const at::NoGradGuard no_grad;
  Module module = scripted(R"(
def forward(self, x):
    y = torch.mm(x, self.w)
    y.mul_(2)
    return torch.relu_(y)
)",
                           {{"w", numbers({3, 3})}});
  const at::Tensor x = numbers({4, 3}, 2);
  const Tape tape = record_tape(module, {x});
  std::vector<c10::IValue> values = tape.values;
  const std::size_t half = tape.instructions.size() / 2;

  for (int i = 0; i < 3; ++i) replay(tape, half, tape.instructions.size() - half, values);

  EXPECT_TRUE(at::equal(values[tape.output].toTensor(), module.forward({x}).toTensor()));
}

TEST(Flops, OfADenseLayerAreTwiceItsWeightsForEverySample) {
  // 2 x (6 x 5 + 5 x 3) = 90 a sample
  EXPECT_EQ(count(fake::two_layers(), numbers({4, 6})), 4 * 90.0);
}

TEST(Flops, OfConvolutionsCountGroupsStridesAndTransposition) {
  const Module module = scripted(R"(
def forward(self, x):
    y = torch.conv2d(x, self.w, None, [2, 2], [1, 1], [1, 1], 2)
    return torch.conv_transpose2d(y, self.v, None, [2, 2])
)",
                                 {{"w", numbers({6, 2, 3, 3})}, {"v", numbers({6, 5, 2, 2})}});

  // 4 x 8 x 8 becomes 6 x 4 x 4: 96 places of 2 x 9 products; then 6 x 16 inputs of 5 x 4 each.
  EXPECT_EQ(count(module, numbers({1, 4, 8, 8})), 2.0 * (96 * 18 + 96 * 20));
}

TEST(Flops, OfARecurrentLayerAreThoseOfItsGatesAtEveryStep) {
  const Module module = scripted(R"(
def forward(self, x):
    h = torch.zeros([1, x.size(1), 5])
    y, _, _ = torch.lstm(x, [h, h], [self.wi, self.wh, self.bi, self.bh], True, 1, 0.0, False, False, False)
    return y
)",
                                 {{"wi", numbers({20, 3})},
                                  {"wh", numbers({20, 5})},
                                  {"bi", numbers({20})},
                                  {"bh", numbers({20})}});

  EXPECT_EQ(count(module, numbers({7, 2, 3})), 7 * 2 * 2.0 * (20 * 3 + 20 * 5));
}

TEST(Flops, OfASparseLayerAreThoseOfItsNonzeroWeights) {
  const at::Tensor x = numbers({4, 6});
  Module module =
      scripted("def forward(self, x): return torch.linear(x, self.w)", {{"w", at::eye(6)}});

  EXPECT_EQ(count(use_sparse_kernels(module, {x}, SparsePolicy::Always).module, x), 4 * 2.0 * 6);
}

TEST(Flops, OfInt8AreThoseOfTheDenseLayer) {
  const at::Tensor x = numbers({4, 6});

  const Transformed rounded = apply_tactic(Tactic::Int8Dynamic, 0, fake::two_layers(), {x});

  EXPECT_EQ(count(rounded.module, x), 4 * 90.0);
}

TEST(Flops, AreNotKnownWhereAnOperationIsNot) {
  const Module module =
      scripted("def forward(self, x): return torch.cumsum(torch.mm(x, self.w), 1)",
               {{"w", numbers({3, 3})}});

  EXPECT_EQ(count(module, numbers({4, 3})), std::nullopt);
}

}  // namespace
}  // namespace wattune::train
