#include "profile/profile.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "errors.hpp"
#include "profile/profile_text.hpp"
#include "train/support/script_models.hpp"

namespace wattune::train {
namespace {

using fake::numbers;
using fake::scripted;
using testing::HasSubstr;

/// One joule for every window.
class OneJoule final : public EnergyWindow {
 public:
  void begin() override { ++num_windows; }
  std::optional<WindowEnergy> end() override {
    return WindowEnergy{.joules = 1, .uncertainty_j = 0.25, .provenance = "modelled"};
  }
  [[nodiscard]] std::string source() const override { return "made"; }
  int num_windows = 0;
};

class Nobody final : public EnergyWindow {
 public:
  void begin() override {}
  std::optional<WindowEnergy> end() override { return std::nullopt; }
  [[nodiscard]] std::string source() const override { return "nobody"; }
};

Profile profile_of(const torch::jit::Module& module, const at::Tensor& x, double seconds = 0.1) {
  OneJoule window;
  return profile_model(module, x, seconds, window);
}

std::vector<std::string> names(const Profile& profile) {
  std::vector<std::string> found;
  for (const LayerCost& cost : profile.layers) found.push_back(cost.layer.name);
  return found;
}

/// Modules in modules, as scripted models have them.
torch::jit::Module nested() {
  torch::jit::Module first = scripted("def forward(self, x): return torch.linear(x, self.weight)",
                                      {{"weight", numbers({5, 6}, 1)}});
  torch::jit::Module second =
      scripted("def forward(self, x): return torch.relu(torch.linear(x, self.weight))",
               {{"weight", numbers({5, 5}, 2)}});
  torch::jit::Module outer("__torch__.Outer");
  outer.register_attribute("training", c10::BoolType::get(), false);
  outer.register_module("first", first);
  outer.register_module("second", second);
  outer.define(
      "def forward(self, x): return "
      "torch.tanh(self.second.forward(self.second.forward(self.first.forward(x))))\n");
  return outer;
}

TEST(Layers, AreNamedAfterTheModulesWhoseCodeTheyAre) {
  const Profile profile = profile_of(nested(), numbers({4, 6}));

  EXPECT_THAT(names(profile), testing::ElementsAre("first", "second", "tanh"));
  EXPECT_EQ(profile.layers[0].layer.kind, "linear");
  EXPECT_EQ(profile.layers[0].layer.forward_flops, 4 * 2.0 * 30);
  EXPECT_EQ(profile.layers[1].layer.forward_flops, 4 * 2 * 2.0 * 25);
}

TEST(Layers, AreNamedAfterTheirOperationWhereThereIsNoModule) {
  const torch::jit::Module frozen = torch::jit::freeze(fake::two_layers());

  EXPECT_THAT(names(profile_of(frozen, numbers({4, 6}))),
              testing::ElementsAre("linear", "relu", "linear#2"));
}

TEST(Layers, CountTheGradientsThatATrainingAsksFor) {
  const Profile profile = profile_of(nested(), numbers({4, 6}));

  EXPECT_EQ(profile.layers[0].layer.backward_flops, 4 * 2.0 * 30);          // of its weights alone
  EXPECT_EQ(profile.layers[1].layer.backward_flops, 4 * 2 * 2 * 2.0 * 25);  // and of its input
  EXPECT_EQ(profile.layers[2].layer.backward_flops, 0);
}

TEST(Profile, DividesTheEnergyOfAWindowByItsRuns) {
  OneJoule window;
  const Profile profile = profile_model(nested(), numbers({4, 6}), 0.1, window);

  EXPECT_EQ(window.num_windows, 3 * 2 + 2);  // every layer and the whole, in both directions
  for (const LayerCost& cost : profile.layers) {
    ASSERT_TRUE(cost.forward.energy.has_value());
    EXPECT_DOUBLE_EQ(cost.forward.energy->joules * static_cast<double>(cost.forward.num_runs), 1);
    EXPECT_DOUBLE_EQ(
        cost.forward.energy->uncertainty_j * static_cast<double>(cost.forward.num_runs), 0.25);
    EXPECT_GT(cost.forward.seconds, 0);
    ASSERT_TRUE(cost.backward.has_value());
  }
}

TEST(Profile, NamesAnUnknownOperationAndLeavesItsCountOpen) {
  const torch::jit::Module module =
      scripted("def forward(self, x): return torch.cumsum(torch.mm(x, self.w), 1)",
               {{"w", numbers({3, 3})}});

  const Profile profile = profile_of(module, numbers({4, 3}));

  ASSERT_EQ(profile.layers.size(), 2U);
  EXPECT_EQ(profile.layers[1].layer.name, "cumsum");
  EXPECT_EQ(profile.layers[1].layer.forward_flops, std::nullopt);
  EXPECT_GT(profile.layers[1].forward.seconds, 0);
  EXPECT_EQ(sum_of_forward(profile).flops, std::nullopt);
  EXPECT_THAT(to_text(profile), testing::ContainsRegex("cumsum +cumsum +[0-9.]+ +- "));
  const auto json = nlohmann::json::parse(to_json_text(profile));
  EXPECT_TRUE(json.at("layers").at(1).at("forward").at("flops").is_null());
  EXPECT_EQ(json.at("layers").at(0).at("forward").at("flops"), 4 * 2 * 9);
}

TEST(Profile, ComesNearTheWholeOnWorkThatIsLongEnough) {
  const torch::jit::Module module =
      scripted(R"(
def forward(self, x):
    return torch.mm(torch.mm(x, self.a), self.b)
)",
               {{"a", numbers({512, 512})}, {"b", numbers({512, 512})}});

  const Profile profile = profile_of(module, numbers({256, 512}), 1.5);

  // How near depends on who else is at work on the machine; a unit or a layer that is wrong shows.
  for (const double ratio : {sum_of_forward(profile).seconds / profile.forward.seconds,
                             sum_of_backward(profile).seconds / profile.backward->seconds}) {
    EXPECT_GT(ratio, 0.1);
    EXPECT_LT(ratio, 10);
  }
  EXPECT_EQ(sum_of_forward(profile).flops, 2 * 2.0 * 256 * 512 * 512);
}

TEST(Profile, HasNoBackwardWhereNothingCanBeTrained) {
  const Profile profile = profile_of(torch::jit::freeze(fake::two_layers()), numbers({4, 6}));

  EXPECT_FALSE(profile.backward.has_value());
  EXPECT_THAT(to_text(profile), HasSubstr("no parameters that could be trained"));
}

TEST(Profile, KeepsEnergyOpenWhereNobodyMeters) {
  Nobody nobody;
  const Profile profile = profile_model(nested(), numbers({4, 6}), 0.1, nobody);

  EXPECT_EQ(sum_of_forward(profile).energy, std::nullopt);
  const auto json = nlohmann::json::parse(to_json_text(profile));
  EXPECT_EQ(json.at("layers").at(0).at("forward").at("energy_j").at("provenance"), "missing");
  EXPECT_TRUE(json.at("layers").at(0).at("forward").at("energy_j").at("value").is_null());
}

TEST(Profile, SaysThatTheModelDoesNotTakeTheInput) {
  EXPECT_THROW(profile_of(nested(), numbers({4, 7})), UsageError);
}

TEST(Profile, LeavesTheModelAsItWas) {
  const torch::jit::Module module = nested();
  for (at::Tensor parameter : module.parameters()) parameter.set_requires_grad(false);

  profile_of(module, numbers({4, 6}));

  for (const at::Tensor& parameter : module.parameters()) EXPECT_FALSE(parameter.requires_grad());
}

TEST(MachineMeter, ChargesAWindowThatWorkedMoreThanNothing) {
  const auto window = open_energy_window(1);
  window->begin();
  const at::Tensor x = numbers({256, 256});
  for (int i = 0; i < 400; ++i) at::mm(x, x);

  const auto energy = window->end();

  if (!energy) GTEST_SKIP() << "this machine has no meter: " << window->source();
  EXPECT_GT(energy->joules, 0);
  EXPECT_GT(energy->uncertainty_j, 0);
  EXPECT_THAT(energy->provenance, testing::AnyOf("measured", "integrated", "modelled"));
}

}  // namespace
}  // namespace wattune::train
