#include "tactics/export.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "errors.hpp"
#include "models/image_network.hpp"
#include "models/lstm.hpp"
#include "models/resnet.hpp"
#include "models/transformer.hpp"
#include "tactics/scripted_model.hpp"
#include "train/support/script_models.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::HasSubstr;

at::Tensor images(std::int64_t count) {
  return fake::numbers({count, 28, 28, 1}).permute({0, 3, 1, 2});
}

std::unique_ptr<Model> some_network() {
  return make_image_network(
      {.block_channels = {4, 6}, .batch_norm = true, .hidden = {16}, .dropout = 0.5}, {.seed = 3});
}

ExportedNetwork view_of(Model& network) {
  return {
      .parameters = network.parameters().in_use(),
      .buffers = network.buffers(),
      .forward = [&network](const at::Tensor& x) { return network.forward(x, false); },
      .example = images(3),
      .facts = {
          .model = "cnn", .input = {1, 28, 28}, .pixel_mean = {73.0}, .pixel_deviation = {90.0}}};
}

std::string what_reading_says(const std::filesystem::path& path) {
  try {
    static_cast<void>(read_torchscript(path));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Export, GivesTheLogitsOfTheNetworkForAnyNumberOfSamples) {
  const at::NoGradGuard no_grad;
  const fake::Folder folder;
  const auto network = some_network();
  export_torchscript(folder.path() / "net.pt", view_of(*network));

  ScriptedModel read = read_torchscript(folder.path() / "net.pt");

  for (const std::int64_t count : {1, 3, 17}) {
    const at::Tensor expected = network->forward(images(count), false);
    EXPECT_LT(fake::relative_error(read.module.forward({images(count)}).toTensor(), expected), 1e-6)
        << count;
  }
}

TEST(Export, TakesEveryKindOfModelInEveryPrecision) {
  const at::NoGradGuard no_grad;
  const fake::Folder folder;
  struct Case {
    std::unique_ptr<Model> model;
    at::Tensor example;
  };
  std::vector<Case> cases;
  for (const Precision precision : {Precision::Float32, Precision::BFloat16}) {
    const BuildOptions options{.precision = precision};
    cases.push_back({make_resnet18({.width = 4}, options), images(3)});
    cases.push_back({make_lstm({.layers = 2}, options), fake::numbers({3, 24, 7})});
    cases.push_back({make_transformer({.context = 16, .width = 16}, options),
                     at::arange(48, at::kLong).view({3, 16})});
  }
  for (const Case& one : cases) {
    export_torchscript(
        folder.path() / "net.pt",
        {.parameters = one.model->parameters().in_use(),
         .buffers = one.model->buffers(),
         .forward = [&](const at::Tensor& x) { return one.model->forward(x, false); },
         .example = one.example,
         .facts = {}});
    ScriptedModel read = read_torchscript(folder.path() / "net.pt");
    const at::Tensor single = one.example.narrow(0, 0, 1);
    EXPECT_LT(fake::relative_error(read.module.forward({single}).toTensor(),
                                   one.model->forward(single, false)),
              1e-5)
        << one.model->description();
    EXPECT_EQ(count_parameters(read.module).all, one.model->parameters().count());
  }
}

TEST(Export, NamesParametersAndHoldsNothingElse) {
  const fake::Folder folder;
  const auto network = some_network();
  export_torchscript(folder.path() / "net.pt", view_of(*network));

  const ScriptedModel read = read_torchscript(folder.path() / "net.pt");

  EXPECT_EQ(count_parameters(read.module).all, network->parameters().count());
  std::vector<std::string> names;
  for (const auto& parameter : read.module.named_parameters()) {
    names.push_back(parameter.name);
    EXPECT_TRUE(parameter.value.requires_grad());
    EXPECT_EQ(static_cast<std::int64_t>(parameter.value.storage().nbytes()),
              parameter.value.numel() * 4);
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"block0.weight", "dense0.bias", "head.label.weight"}));
  EXPECT_EQ(read.module.buffers().size(), 4U);
}

TEST(Export, TellsWhatTheNetworkTakes) {
  const fake::Folder folder;
  const auto network = some_network();
  export_torchscript(folder.path() / "net.pt", view_of(*network));

  const ModelFacts facts = read_torchscript(folder.path() / "net.pt").facts;

  EXPECT_EQ(facts.model, "cnn");
  EXPECT_EQ(facts.input, (std::vector<std::int64_t>{1, 28, 28}));
  EXPECT_EQ(facts.pixel_mean, std::vector<double>{73.0});
  EXPECT_EQ(facts.vocabulary, std::nullopt);
}

TEST(Export, LeavesTheNetworkAsItWas) {
  const fake::Folder folder;
  const auto network = some_network();
  const at::Tensor before = network->parameters().trained().values.clone();

  export_torchscript(folder.path() / "net.pt", view_of(*network));

  EXPECT_TRUE(at::equal(before, network->parameters().trained().values));
  EXPECT_TRUE(network->parameters().in_use()[0].tensor.requires_grad());
}

TEST(Export, RefusesANetworkThatDependsOnTheNumberOfSamplesOfItsTrace) {
  const fake::Folder folder;
  const auto network = some_network();
  ExportedNetwork view = view_of(*network);
  view.forward = [&network](const at::Tensor& x) {
    return network->forward(x, false) * static_cast<double>(x.size(0));
  };

  EXPECT_THROW(export_torchscript(folder.path() / "net.pt", view), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "net.pt"));
}

TEST(Export, IsReadByPythonWithTheSameLogits) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no torch";
  }
  const at::NoGradGuard no_grad;
  const fake::Folder folder;
  const auto network = some_network();
  export_torchscript(folder.path() / "net.pt", view_of(*network));
  at::Tensor ramp = at::arange(2 * 784, at::kFloat).view({2, 1, 28, 28}).mul(1e-3);
  const double expected = network->forward(ramp, false).abs().sum().item<double>();

  const std::string command =
      "/usr/bin/python3 -c \"import torch; m = torch.jit.load('" +
      (folder.path() / "net.pt").string() +
      "'); x = torch.arange(2 * 784, dtype=torch.float32).view(2, 1, 28, 28) * 1e-3; "
      "print(m(x).abs().sum().item())\" > " +
      (folder.path() / "out").string();
  ASSERT_EQ(std::system(command.c_str()), 0);

  EXPECT_NEAR(std::stod(fake::read_file(folder.path() / "out")) / expected, 1, 1e-5);
}

TEST(TorchScriptFile, SaysHowOneIsMadeWhereTheFileIsAnother) {
  const fake::Folder folder;
  fake::write_file(folder.path() / "notes.pt", "accuracy 0.9\n");

  const std::string said = what_reading_says(folder.path() / "notes.pt");

  EXPECT_THAT(said, HasSubstr("notes.pt: not a TorchScript file"));
  EXPECT_THAT(said, HasSubstr("--export FILE.pt"));
  EXPECT_THAT(said, HasSubstr("torch.jit.trace"));
}

TEST(TorchScriptFile, IsToldFromAnArchiveOfWeightsAlone) {
  const fake::Folder folder;
  fake::write_file(folder.path() / "weights.pt", std::string("PK\5\6", 4) + std::string(18, '\0'));
  fake::write_file(folder.path() / "archive.pt", std::string("PK\3\4", 4) + std::string(60, '\0'));

  EXPECT_THAT(what_reading_says(folder.path() / "archive.pt"), HasSubstr("state_dict"));
  EXPECT_THAT(what_reading_says(folder.path() / "weights.pt"), HasSubstr("not a TorchScript file"));
}

TEST(TorchScriptFile, ThatIsNotThereIsNamed) {
  EXPECT_THAT(what_reading_says("/nowhere/net.pt"), HasSubstr("/nowhere/net.pt: No such file"));
  EXPECT_THAT(what_reading_says("/tmp"), HasSubstr("/tmp: a folder"));
}

}  // namespace
}  // namespace wattune::train
