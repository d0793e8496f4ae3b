#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "errors.hpp"
#include "models/green_networks.hpp"
#include "models/image_network.hpp"
#include "models/lstm.hpp"
#include "models/resnet.hpp"
#include "models/transformer.hpp"

namespace wattune::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

at::Tensor some_images(std::int64_t batch, std::int64_t channels, std::int64_t side) {
  const at::Tensor pixels = at::arange(batch * channels * side * side, at::kFloat);
  return pixels.mul(0.37).sin().view({batch, side, side, channels}).permute({0, 3, 1, 2});
}

std::int64_t parameters(const std::unique_ptr<Model>& model) {
  return model->parameters().count();
}

TEST(Models, CountAPerceptronAsByHand) {
  const auto model = make_image_network({.hidden = {128, 64}}, {});

  EXPECT_EQ(parameters(model), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10);
  EXPECT_EQ(model->macs(), 784 * 128 + 128 * 64 + 64 * 10);
}

TEST(Models, CountAConvolutionalNetworkAsByHand) {
  const auto model = make_image_network({.block_channels = {16, 32}, .kernel = 5}, {});

  // 25 weights a kernel; outputs of 28 x 28, then 14 x 14, then 7 x 7 into the dense layer.
  EXPECT_EQ(parameters(model), 16 * 25 + 16 + 32 * 16 * 25 + 32 + 10 * 32 * 49 + 10);
  EXPECT_EQ(model->macs(), 784 * 16 * 25 + 196 * 32 * 16 * 25 + 10 * 32 * 49);
}

TEST(Models, CountScaleAndShiftInPlaceOfTheBias) {
  const auto model = make_image_network({.block_channels = {4}, .batch_norm = true}, {});

  EXPECT_EQ(parameters(model), 4 * 9 + 4 + 4 + 10 * 4 * 196 + 10);
  EXPECT_EQ(model->buffers().size(), 2U);
}

TEST(Models, CountTheResNetOfThePaperAsItIsKnown) {
  const auto model = make_resnet18({.image = {3, 32, 32}, .width = 64}, {});

  EXPECT_EQ(parameters(model), 11'173'962);  // of the variant for CIFAR-10, as widely published
  EXPECT_EQ(model->macs(), 555'422'720);     // likewise: 0.56 G
}

TEST(Models, CountASmallResNetAsByHand) {
  const auto model = make_resnet18({.image = {1, 8, 8}, .width = 2}, {});

  // Stem; two blocks of 2 channels; then for 4, 8, 16 channels c the block that halves (from c/2,
  // with its 1 x 1 short cut) and the one that does not; each normalisation has 2 per channel.
  std::int64_t expected = 9 * 2 + 2 * 2 + 4 * (9 * 2 * 2 + 2 * 2);
  std::int64_t macs = 64 * 9 * 2 + 64 * 4 * 9 * 2 * 2;
  std::int64_t pixels = 64;
  for (const std::int64_t c : {4, 8, 16}) {
    const std::int64_t weights = 9 * c * (c / 2) + c * (c / 2) + 3 * 9 * c * c;
    pixels /= 4;
    expected += weights + 5 * 2 * c;
    macs += pixels * weights;
  }
  EXPECT_EQ(parameters(model), expected + 16 * 10 + 10);
  EXPECT_EQ(model->macs(), macs + 160);
}

TEST(Models, HaveTheWidthsOfTheGreenStudy) {
  // 28 x 28 x 1: floor(784 / 2), floor(784 / 4); 784 - 784/3 = 522.67, 784 - 2*784/3 = 261.33.
  EXPECT_THAT(green_widths(GreenNetwork::DensePoly, 784, 1, 3), ElementsAre(392, 196));
  EXPECT_THAT(green_widths(GreenNetwork::DenseLinear, 784, 1, 3), ElementsAre(522, 261));
  EXPECT_THAT(green_widths(GreenNetwork::DensePoly, 12, 3, 4), ElementsAre(6, 3, 3));
}

TEST(Models, CountTheNetworksOfTheGreenStudyAsByHand) {
  const auto poly = make_green_network({.kind = GreenNetwork::DensePoly}, {});
  EXPECT_EQ(parameters(poly), 784 * 392 + 392 + 392 * 196 + 196 + 196 * 10 + 10);
  EXPECT_EQ(poly->macs(), 784 * 392 + 392 * 196 + 196 * 10);

  const auto linear =
      make_green_network({.kind = GreenNetwork::DenseLinear, .image = {3, 32, 32}}, {});
  EXPECT_EQ(linear->macs(), 3072 * 2048 + 2048 * 1024 + 1024 * 10);

  const auto cnn = make_green_network({.kind = GreenNetwork::SimpleCnn}, {});
  // 28 x 28 x 1 -> 14 x 14 x 3 -> 7 x 7 x 9 = 441 -> 220 -> 110 -> 10
  EXPECT_EQ(parameters(cnn),
            3 * 9 + 3 + 6 + 9 * 27 + 9 + 18 + 441 * 220 + 220 + 220 * 110 + 110 + 110 * 10 + 10);
  EXPECT_EQ(cnn->macs(), 784 * 27 + 196 * 243 + 441 * 220 + 220 * 110 + 110 * 10);
}

TEST(Models, CountAnLstmAsByHand) {
  const auto model =
      make_lstm({.features = 7, .window = 24, .units = 32, .layers = 2, .heads = {{"a", 1}}}, {});

  const std::int64_t weights = 128 * 7 + 128 * 32 + 128 * 32 + 128 * 32;
  EXPECT_EQ(parameters(model), weights + 4 * 128 + 32 + 1);  // two biases a layer
  EXPECT_EQ(model->macs(), 24 * weights + 32);
}

TEST(Models, CountATransformerAsByHand) {
  const auto model =
      make_transformer({.vocabulary = 100, .context = 16, .width = 8, .layers = 2}, {});

  const std::int64_t block = 8 * 24 + 24 + 8 * 8 + 8 + 8 * 32 + 32 + 32 * 8 + 8 + 4 * 8;
  EXPECT_EQ(model->parameters().count(), 100 * 8 + 16 * 8 + 2 * block + 2 * 8);
  // Per token 12 w^2 a block and the output; attention takes 2 T w per token.
  EXPECT_EQ(model->macs(), 16 * (2 * (12 * 64 + 2 * 16 * 8) + 8 * 100));
}

/// One small model of each kind with an input for it.
struct Example {
  const char* name;
  std::function<std::unique_ptr<Model>(const BuildOptions&)> make;
  at::Tensor input;
  std::int64_t outputs;
};

std::vector<Example> examples() {
  const at::Tensor images = some_images(3, 1, 8);
  const ImageShape image{1, 8, 8};
  const auto green = [image](GreenNetwork kind) {
    return [=](const BuildOptions& options) {
      return make_green_network({.kind = kind, .image = image}, options);
    };
  };
  return {{"mlp",
           [=](const BuildOptions& options) {
             return make_image_network({.image = image, .hidden = {5}, .dropout = 0.5}, options);
           },
           images, 10},
          {"cnn",
           [=](const BuildOptions& options) {
             return make_image_network({.image = image,
                                        .heads = {{"label", 10}, {"parity", 2}},
                                        .block_channels = {2},
                                        .batch_norm = true,
                                        .hidden = {5}},
                                       options);
           },
           images, 12},
          {"resnet18",
           [=](const BuildOptions& options) {
             return make_resnet18({.image = {1, 16, 16}, .width = 2}, options);
           },
           some_images(3, 1, 16), 10},
          {"dense-poly", green(GreenNetwork::DensePoly), images, 10},
          {"dense-linear", green(GreenNetwork::DenseLinear), images, 10},
          {"simple-cnn", green(GreenNetwork::SimpleCnn), images, 10},
          {"lstm",
           [](const BuildOptions& options) {
             return make_lstm({.features = 2,
                               .window = 4,
                               .units = 3,
                               .layers = 2,
                               .dropout = 0.5,
                               .heads = {{"a", 1}, {"b", 1}}},
                              options);
           },
           at::arange(24, at::kFloat).sin().view({3, 4, 2}), 2},
          {"transformer",
           [](const BuildOptions& options) {
             return make_transformer(
                 {.vocabulary = 11, .context = 5, .width = 8, .attention_heads = 2, .dropout = 0.5},
                 options);
           },
           at::arange(15, at::kLong).remainder(11).view({3, 5}), 11}};
}

/// A loss that every output has a part in.
at::Tensor some_loss(const at::Tensor& output) {
  return output.flatten(0, -2).log_softmax(-1).select(-1, 1).neg().mean() +
         output.square().mean() * 0.1;
}

TEST(Models, TellAsManyNumbersAsTheirHeadsNeed) {
  for (const Example& example : examples()) {
    const at::Tensor output = example.make({})->forward(example.input, false);
    EXPECT_EQ(output.size(0), 3) << example.name;
    EXPECT_EQ(output.size(-1), example.outputs) << example.name;
  }
}

TEST(Models, BeginAsAFunctionOfTheSeed) {
  for (const Example& example : examples()) {
    const auto values = [&](std::uint64_t seed) {
      return example.make({.seed = seed})->parameters().trained().values.clone();
    };
    EXPECT_TRUE(at::equal(values(1), values(1))) << example.name;
    EXPECT_FALSE(at::equal(values(1), values(2))) << example.name;
  }
}

TEST(Models, PutTheGradientsOfALossIntoTheFlatBuffer) {
  for (const Example& example : examples()) {
    const auto model = example.make({});
    const bool is_training = std::string_view(example.name) != "mlp" &&
                             example.name != std::string_view("lstm") &&
                             example.name != std::string_view("transformer");  // dropout
    const auto loss = [&] { return some_loss(model->forward(example.input, is_training)); };
    loss().backward();
    FlatParameters& flat = model->parameters().trained();
    const at::Tensor gradients = flat.gradients.clone();

    at::NoGradGuard no_grad;
    const double expected = gradients.square().sum().item<double>();
    ASSERT_GT(expected, 1e-4) << example.name;
    const double step = 3e-4 / std::sqrt(expected);
    const auto along = [&](double distance) {
      flat.values.add_(gradients, distance);
      const double value = loss().item<double>();
      flat.values.sub_(gradients, distance);
      return value;
    };
    const double slope = (along(step) - along(-step)) / (2 * step);
    EXPECT_NEAR(slope / expected, 1, 0.03) << example.name;  // differences in single precision
  }
}

TEST(Models, AreNotChangedByEvaluation) {
  for (const Example& example : examples()) {
    const auto model = example.make({});
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> before;
    for (const NamedTensor& buffer : model->buffers()) before.push_back(buffer.tensor.clone());

    const at::Tensor first = model->forward(example.input, false);
    EXPECT_TRUE(at::equal(first, model->forward(example.input, false))) << example.name;
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_TRUE(at::equal(before[i], model->buffers()[i].tensor)) << example.name;
    }
    model->forward(example.input, true);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_FALSE(at::equal(before[i], model->buffers()[i].tensor)) << example.name;
    }
  }
}

TEST(Models, ComputeAlmostTheSameInBFloat16) {
  for (const Example& example : examples()) {
    const auto exact = example.make({});
    const auto lowered = example.make({.precision = Precision::BFloat16});

    const at::Tensor expected = exact->forward(example.input, false);
    const at::Tensor output = lowered->forward(example.input, false);
    EXPECT_EQ(output.scalar_type(), at::kFloat);
    const auto near = [](const at::Tensor& a, const at::Tensor& b) {
      return ((a - b).norm() / b.norm()).item<double>();
    };
    EXPECT_LT(near(output, expected), 0.05) << example.name;  // 8 bits: 0.4 % an operation
    EXPECT_GT(near(output, expected), 1e-6) << example.name;  // it is another precision
  }
}

TEST(Models, KeepTheScaleOfTheirInputThroughManyLayers) {
  const auto model = make_image_network({.hidden = std::vector<std::int64_t>(10, 256)}, {});

  const double deviation = model->forward(some_images(64, 1, 28), false).std().item<double>();

  EXPECT_GT(deviation, 0.05);  // ten layers that each lost a half would leave 0.001
  EXPECT_LT(deviation, 5);
}

TEST(Models, RefuseMoreBlocksThanTheImageCanBeHalved) {
  EXPECT_THROW(make_image_network({.block_channels = {2, 2, 2, 2, 2}}, {}), UsageError);
  EXPECT_THROW(make_resnet18({.image = {1, 7, 8}}, {}), UsageError);
  EXPECT_THROW(make_green_network({.kind = GreenNetwork::SimpleCnn, .convolution_layers = 5}, {}),
               UsageError);
}

std::string refusal_of(const std::vector<std::string>& frozen) {
  try {
    make_image_network({.block_channels = std::vector<std::int64_t>(2, 2), .hidden = {4}},
                       {.frozen = frozen});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Models, NameThePartsThatCanBeFrozen) {
  EXPECT_EQ(refusal_of({"block"}), "accepted");
  EXPECT_EQ(refusal_of({"block0", "dense0.bias"}), "accepted");
  EXPECT_THAT(refusal_of({"stem"}), HasSubstr("block0, block1, dense0, head"));
  EXPECT_THAT(refusal_of({"block", "dense", "head"}), HasSubstr("nothing to train"));
}

TEST(Models, FreezeBlockOneWithoutBlockTen) {
  const auto model = make_transformer({.layers = 11}, {.frozen = {"block1"}});
  const auto all = make_transformer({.layers = 11}, {});
  EXPECT_EQ(all->parameters().count() - model->parameters().trained_count(),
            12 * 64 * 64 + 9 * 64 + 4 * 64);
}

TEST(Lstm, GoesThroughItsGatesAsWrittenDown) {
  const auto model = make_lstm({.features = 2, .window = 3, .units = 2, .heads = {{"a", 1}}}, {});
  const at::Tensor input = at::arange(6, at::kFloat).cos().view({1, 3, 2});
  const auto& named = model->parameters().named();
  const auto part = [&](std::size_t i) { return named[i].tensor; };
  ASSERT_EQ(named[2].name, "layer0.state.weight");

  at::Tensor hidden = at::zeros({2});
  at::Tensor cell = at::zeros({2});
  for (std::int64_t t = 0; t < 3; ++t) {
    const at::Tensor gates = part(0).mv(input[0][t]) + part(1) + part(2).mv(hidden) + part(3);
    const auto gate = [&](std::int64_t i) { return gates.narrow(0, 2 * i, 2); };
    cell = gate(1).sigmoid() * cell + gate(0).sigmoid() * gate(2).tanh();
    hidden = gate(3).sigmoid() * cell.tanh();
  }
  const at::Tensor expected = part(4).mv(hidden) + part(5);

  EXPECT_NEAR(model->forward(input, false).item<double>(), expected.item<double>(), 1e-6);
}

TEST(TransformerModel, LooksOnlyBack) {
  const auto model = make_transformer({.vocabulary = 7, .context = 6, .width = 8}, {});
  const at::Tensor tokens = at::tensor({1, 2, 3, 4, 5, 6}, at::kLong).view({1, 6});
  at::Tensor changed = tokens.clone();
  changed[0][4] = 0;

  const at::Tensor before = model->forward(tokens, false);
  const at::Tensor after = model->forward(changed, false);

  EXPECT_TRUE(at::allclose(before.narrow(1, 0, 4), after.narrow(1, 0, 4)));
  EXPECT_FALSE(at::allclose(before.narrow(1, 4, 2), after.narrow(1, 4, 2)));
}

TEST(TransformerModel, GoesOnFromItsCacheAsIfItHadSeenEverything) {
  const auto model =
      make_transformer({.vocabulary = 7, .context = 6, .width = 8, .attention_heads = 2}, {});
  const at::Tensor tokens = at::arange(12, at::kLong).remainder(7).view({2, 6});
  const at::Tensor whole = model->forward(tokens, false);

  Transformer::Cache cache = model->open_cache(2);
  const at::Tensor third = model->go_on(tokens.narrow(1, 0, 3), cache);
  const at::Tensor fourth = model->go_on(tokens.narrow(1, 3, 1), cache);

  EXPECT_TRUE(at::allclose(third, whole.select(1, 2), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(fourth, whole.select(1, 3), 1e-4, 1e-5));
}

}  // namespace
}  // namespace wattune::train
