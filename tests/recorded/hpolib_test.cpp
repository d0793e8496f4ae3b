#include "wattune/recorded/hpolib.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/must.hpp"
#include "support/spaces.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::recorded {
namespace {

using ::testing::HasSubstr;

// Two parameters with two values, four seeds; configuration c with seed s has the error 10 c + s
// and took 100 c + s seconds.
constexpr const char* kManifest = R"({
  "parameters": [{"name": "lr", "values": [0.1, 0.5]}, {"name": "kind", "values": ["relu", "tanh"]}],
  "tasks": {"power": {"best_mean_mse": 1.5, "best_configuration": {"lr": 0.1, "kind": "relu"}}}})";

void write_tables(const TemporaryFolder& folder, std::size_t num_configurations = 4) {
  std::vector<float> values;
  for (std::size_t c = 0; c < num_configurations; ++c) {
    for (std::size_t seed = 0; seed < 4; ++seed) {
      values.push_back(static_cast<float>(10 * c + seed));
      values.push_back(static_cast<float>(100 * c + seed));
    }
  }
  folder.write("hpolib.json", kManifest);
  folder.write("power.f32", std::string_view{reinterpret_cast<const char*>(values.data()),
                                             values.size() * sizeof(float)});
}

TEST(Hpolib, FindsAConfigurationAndASeed) {
  const TemporaryFolder folder;
  write_tables(folder);
  const Hpolib tables{folder.path()};
  const auto trainings = tables.trainings("power", tables.space(), 100.0, Watts{2.0});
  const space::Configuration second{{space::ChoiceIndex{0}, space::ChoiceIndex{1}}};

  const auto end = must(trainings->open(second, 6))->next(0.0);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->step, 100.0);
  EXPECT_EQ(end->metrics.at(0).value, 12.0);
  EXPECT_EQ(end->time, Seconds{102.0});
  EXPECT_EQ(end->energy, Joules{204.0});
  EXPECT_FALSE(must(trainings->open(second, 6))->next(100.0));
}

TEST(Hpolib, RefusesValuesThatWereNotRecorded) {
  const TemporaryFolder folder;
  write_tables(folder);
  const Hpolib tables{folder.path()};
  const space::Space free{{fake::parameter("lr", space::FloatDomain{0.0, 1.0, false, {}}),
                           fake::parameter("kind", space::ConstantDomain{std::string{"tanh"}})}};
  const auto trainings = tables.trainings("power", free);

  EXPECT_TRUE(trainings->open(space::Configuration{{0.5, space::ChoiceIndex{0}}}, 0));
  const auto other = trainings->open(space::Configuration{{0.3, space::ChoiceIndex{0}}}, 0);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(other.error().message, HasSubstr("0.3"));
}

TEST(Hpolib, SaysWhatIsWrongWithFilesAndNames) {
  const auto refusal = [](const TemporaryFolder& folder) -> std::string {
    try {
      const Hpolib tables{folder.path()};
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(folder), HasSubstr("hpolib.json cannot be read"));
  write_tables(folder, 3);
  EXPECT_THAT(refusal(folder), HasSubstr("has 96 bytes"));

  write_tables(folder);
  const Hpolib tables{folder.path()};
  EXPECT_THROW(static_cast<void>(tables.trainings("none", tables.space())), ConfigError);
  EXPECT_THROW(static_cast<void>(tables.trainings("power", fake::unit_cube(1))), ConfigError);

  std::string manifest = kManifest;
  manifest.replace(manifest.find("1.5"), 3, "2.5");
  folder.write("hpolib.json", manifest);
  EXPECT_THAT(refusal(folder), HasSubstr("do not belong together"));
}

}  // namespace
}  // namespace wattune::recorded
