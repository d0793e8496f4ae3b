#include "wattune/recorded/lcbench.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "support/must.hpp"
#include "support/spaces.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::recorded {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// A surrogate with the layout of the real one, whose network is next to nothing: the only weights
/// that are not 0 lead the scaled epoch to the six outputs.
class MadeSurrogate {
 public:
  MadeSurrogate() {
    add("embds_fct.0.weight", {3, 24});
    add("first_layer.weight", {128, 26});
    add("first_layer.bias", {128});
    for (int block = 0; block < 3; ++block) {
      const std::string name = "layers." + std::to_string(block) + ".";
      add_norm(name + "norm");
      add(name + "linear0.weight", {910, 128});
      add(name + "linear0.bias", {910});
      add(name + "linear1.weight", {128, 455});
      add(name + "linear1.bias", {128});
    }
    add_norm("last_normalization");
    add("head.weight", {6, 128});
    add("head.bias", {6});
    at("first_layer.weight", 24) = 1.0F;  // stream[0] = epoch / 52
    for (std::size_t head = 0; head < 6; ++head) at("head.weight", head * 128) = 1.0F;
  }

  /// What every output is before its steps, but for the normalisation by sqrt(1 + 1e-5).
  [[nodiscard]] static double sigmoid(double epoch) {
    return 1.0 / (1.0 + std::exp(-epoch / 52.0));
  }

  void write_to(const TemporaryFolder& folder) const {
    folder.write("lcbench.json", manifest().dump());
    folder.write("lcbench.f32", std::string_view{reinterpret_cast<const char*>(weights_.data()),
                                                 weights_.size() * sizeof(float)});
  }
  float& at(const std::string& name, std::size_t index) {
    return weights_[offsets_.at(name) + index];
  }
  double golden_accuracy = 100.0 * sigmoid(26.0);

 private:
  void add(const std::string& name, const std::vector<std::size_t>& shape, float value = 0.0F) {
    std::size_t count = 1;
    for (const std::size_t length : shape) count *= length;
    arrays_.push_back({{"name", name}, {"shape", shape}, {"offset", weights_.size()}});
    offsets_[name] = weights_.size();
    weights_.resize(weights_.size() + count, value);
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {128}, 1.0F);
    add(name + ".bias", {128});
    add(name + ".running_mean", {128});
    add(name + ".running_var", {128}, 1.0F);
  }

  [[nodiscard]] json manifest() const {
    json document = json::parse(R"({
      "tasks": {"one": 0, "two": 2},
      "space": [
        {"name": "batch_size", "type": "uniform_int", "lower": 16, "upper": 512, "log": true},
        {"name": "epoch", "type": "uniform_int", "lower": 1, "upper": 52, "log": false}],
      "inputs": [
        {"name": "epoch", "steps": [{"op": "div", "by": 52.0}]},
        {"name": "batch_size", "steps": [{"op": "div", "by": 512.0}]}],
      "outputs": [
        {"name": "time_s", "head": 0, "steps": [{"op": "mul", "by": 100.0}]},
        {"name": "val_accuracy_pct", "head": 1, "steps": [{"op": "mul", "by": 100.0}]},
        {"name": "val_cross_entropy", "head": 2, "steps": []}],
      "golden": [
        {"task": "one", "input": {"epoch": 26, "batch_size": 64}, "output": {}}]})");
    document["arrays"] = arrays_;
    document["golden"][0]["output"]["val_accuracy_pct"] = golden_accuracy;
    return document;
  }

  std::vector<float> weights_;
  json arrays_ = json::array();
  std::map<std::string, std::size_t> offsets_;
};

constexpr double kSurrogate = 1e-2;  // floats, and normalisations by sqrt(1 + 1e-5)

space::Configuration batch_size_of(std::int64_t size) {
  return space::Configuration{{size}};
}

std::string refusal(const std::filesystem::path& folder) {
  try {
    const LcBench bench{folder};
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(LcBench, PlaysEveryEpochOfATraining) {
  const TemporaryFolder folder;
  MadeSurrogate{}.write_to(folder);
  const LcBench bench{folder.path()};
  const auto trainings = bench.trainings("two", bench.space(), Watts{10.0});
  const auto recording = must(trainings->open(batch_size_of(64), 0));

  double after = 0.0;
  for (int epoch = 1; epoch <= 52; ++epoch) {
    const auto step = recording->next(after);
    ASSERT_TRUE(step) << epoch;
    EXPECT_EQ(step->step, epoch);
    EXPECT_NEAR(step->metrics.at(0).value, 100.0 * MadeSurrogate::sigmoid(epoch), kSurrogate);
    EXPECT_NEAR(step->energy.value(), 10.0 * step->time.value(), 1e-9);
    after = step->step;
  }
  EXPECT_FALSE(recording->next(52.0));
}

TEST(LcBench, GivesTheSameNumbersInWhateverOrderItIsAsked) {
  const TemporaryFolder folder;
  MadeSurrogate{}.write_to(folder);
  const LcBench bench{folder.path()};
  const auto trainings = bench.trainings("one", bench.space());
  const auto forwards = must(trainings->open(batch_size_of(64), 0));
  const auto at_once = must(trainings->open(batch_size_of(64), 0));

  const auto last = at_once->next(51.0);
  std::optional<RecordedStep> step;
  for (int epoch = 0; epoch < 52; ++epoch) step = forwards->next(epoch);

  EXPECT_EQ(step->metrics[0].value, last->metrics[0].value);
  EXPECT_EQ(step->metrics[0].value, bench.train("one", batch_size_of(64), 52).accuracy_percent);
}

TEST(LcBench, NeverLetsTimeRunBackwards) {
  const TemporaryFolder folder;
  MadeSurrogate made;
  made.at("head.weight", 0) = -1.0F;  // the output for time falls
  made.write_to(folder);
  const LcBench bench{folder.path()};
  const auto trainings = bench.trainings("one", bench.space());
  const auto recording = must(trainings->open(batch_size_of(64), 0));

  const Seconds first = recording->next(0.0)->time;
  EXPECT_LT(bench.train("one", batch_size_of(64), 52).time, first);
  EXPECT_EQ(recording->next(51.0)->time, first);
}

TEST(LcBench, SaysWhatIsWrongWithItsFiles) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path()), HasSubstr("lcbench.json cannot be read: the data folder"));

  MadeSurrogate made;
  made.write_to(folder);
  EXPECT_EQ(refusal(folder.path()), "");
  std::filesystem::resize_file(folder / "lcbench.f32", 1000);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("has 1000 bytes, but its manifest describes"));

  made.golden_accuracy += 1.0;
  made.write_to(folder);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("golden evaluations: val_accuracy_pct"));

  folder.write("lcbench.json", "{");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("is no JSON"));
}

TEST(LcBench, SaysWhereAStudyDoesNotFit) {
  const TemporaryFolder folder;
  MadeSurrogate{}.write_to(folder);
  const LcBench bench{folder.path()};
  const auto refusal_of = [&](const std::string& task, space::Domain domain,
                              const std::string& name = "batch_size") -> std::string {
    try {
      const space::Space space{{fake::parameter(name, std::move(domain))}};
      static_cast<void>(bench.trainings(task, space));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal_of("one", space::IntDomain{32, 64, false, 1}), "");
  EXPECT_THAT(refusal_of("three", space::IntDomain{32, 64, false, 1}),
              HasSubstr("no task three; there are one and two"));
  EXPECT_THAT(refusal_of("one", space::IntDomain{1, 64, false, 1}),
              HasSubstr("`batch_size` goes from 1 to 64, but lcbench knows only 16 to 512"));
  EXPECT_THAT(refusal_of("one", space::IntDomain{32, 64, false, 1}, "size"),
              HasSubstr("no parameter `batch_size`"));
  EXPECT_THAT(refusal_of("one", space::ChoiceDomain{{std::string{"a"}}, false}),
              HasSubstr("must be a number"));
}

TEST(LcBench, TakesListsOfNumbers) {
  const TemporaryFolder folder;
  MadeSurrogate{}.write_to(folder);
  const LcBench bench{folder.path()};
  const space::Space space{{fake::parameter(
      "batch_size", space::ChoiceDomain{{std::int64_t{32}, std::int64_t{64}}, true})}};
  const auto trainings = bench.trainings("one", space);

  EXPECT_TRUE(trainings->open(space::Configuration{{space::ChoiceIndex{1}}}, 0));
}

}  // namespace
}  // namespace wattune::recorded
