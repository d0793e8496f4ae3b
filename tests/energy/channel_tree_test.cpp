#include "wattune/energy/channel_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wattune/base/result.hpp"

namespace wattune::energy {
namespace {

Channel channel(const std::string& id, std::optional<std::string> contained_in = std::nullopt) {
  Channel made;
  made.id = id;
  made.contained_in = std::move(contained_in);
  return made;
}

ChannelTree client() {
  return ChannelTree{{channel("psys"), channel("package", "psys"), channel("core", "package"),
                      channel("uncore", "package"), channel("dram", "psys"), channel("gpu"),
                      channel("slice", "gpu")}};
}

bool may_add(const std::vector<std::string>& ids) {
  return client().is_antichain(ids);
}

TEST(ChannelTree, ContainsWhatLiesBelowAtAnyDepth) {
  const ChannelTree tree = client();
  EXPECT_TRUE(tree.contains("psys", "package"));
  EXPECT_TRUE(tree.contains("psys", "core"));
  EXPECT_FALSE(tree.contains("core", "psys"));
  EXPECT_FALSE(tree.contains("package", "dram"));
  EXPECT_FALSE(tree.contains("package", "package"));
}

TEST(ChannelTree, AddsOnlyWhatDoesNotContainEachOther) {
  EXPECT_TRUE(may_add({"package", "dram", "gpu"}));
  EXPECT_TRUE(may_add({"core", "uncore", "dram"}));
  EXPECT_TRUE(may_add({}));
  EXPECT_FALSE(may_add({"psys", "core"}));
  EXPECT_FALSE(may_add({"package", "core"}));
  EXPECT_FALSE(may_add({"slice", "gpu"}));
  EXPECT_FALSE(may_add({"gpu", "gpu"}));
}

TEST(ChannelTree, AnOuterChannelThatIsNotThereContainsNothing) {
  EXPECT_FALSE(ChannelTree{{channel("core", "package")}}.contains("package", "core"));
}

TEST(ChannelTree, RefusesACircleAndASecondId) {
  EXPECT_THROW((ChannelTree{{channel("a", "b"), channel("b", "a")}}), ConfigError);
  EXPECT_THROW((ChannelTree{{channel("x", "a"), channel("a", "b"), channel("b", "a")}}),
               ConfigError);
  EXPECT_THROW((ChannelTree{{channel("a"), channel("a")}}), ConfigError);
}

TEST(RequireAntichain, NamesBothChannels) {
  try {
    require_antichain({channel("psys"), channel("package", "psys")});
    FAIL() << "psys and package were added up";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("package is part of psys")));
  }
  EXPECT_NO_THROW(require_antichain({channel("package", "psys"), channel("dram", "psys")}));
}

}  // namespace
}  // namespace wattune::energy
