#include "wattune/runners/command_template.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wattune/base/result.hpp"

namespace wattune::runners {
namespace {

using Words = std::vector<std::string>;

space::Space small_space() {
  space::Parameter rate{"lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {}, {}, {}};
  space::Parameter momentum{
      "momentum", space::FloatDomain{0.0, 1.0, false, std::nullopt}, {}, {}, {}};
  return space::Space({rate, momentum});
}

Words expand(const CommandTemplate& command, space::Value momentum = 0.5) {
  const space::Configuration configuration({0.25, momentum});
  return command.expand(small_space(), configuration, {"7", "11", "/c", "/d", "2", "8"});
}

Words words(std::string_view command) {
  return expand(CommandTemplate::from_string(command));
}

/// What a command is refused with.
std::string refusal(std::string_view command) {
  try {
    CommandTemplate::from_string(command).check(small_space());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CommandTemplate, SplitsWordsAsAShellDoes) {
  EXPECT_EQ(words("  a 'b c'\t\"d \\\" e\" f\\ g h'i'j \"\" "),
            (Words{"a", "b c", "d \" e", "f g", "hij", ""}));
}

TEST(CommandTemplate, FillsInParametersAndBuiltIns) {
  EXPECT_EQ(words("train --lr={lr} {trial} {seed} {config} {checkpoint_dir} "
                  "{resource_to}/{resource_max}"),
            (Words{"train", "--lr=0.25", "7", "11", "/c", "/d", "2/8"}));
}

TEST(CommandTemplate, DoubledBracesAreBraces) {
  EXPECT_EQ(words("awk '{{print $1}}' {{{lr}}}"), (Words{"awk", "{print $1}", "{0.25}"}));
}

TEST(CommandTemplate, LeavesOutAnArgumentThatIsOnlyAnInactiveParameter) {
  const auto command = CommandTemplate::from_string("train {momentum} m={momentum} '' ");
  EXPECT_EQ(expand(command, space::Inactive{}), (Words{"train", "m=", ""}));
}

TEST(CommandTemplate, TakesListItemsAsTheyAre) {
  const Words list{"sh", "-c", "echo \"{lr}\" | cat"};
  EXPECT_EQ(expand(CommandTemplate::from_arguments(list)),
            (Words{"sh", "-c", "echo \"0.25\" | cat"}));
}

TEST(CommandTemplate, TellsWhereItsPlaceholdersStand) {
  const auto command = CommandTemplate::from_string("train 'a {lr}' --seed {seed}");
  ASSERT_EQ(command.placeholders().size(), 2u);
  EXPECT_EQ(command.placeholders()[0].name, "lr");
  EXPECT_EQ(command.placeholders()[0].argument_index, 1u);
  EXPECT_EQ(command.placeholders()[0].offset, 9u);
  EXPECT_EQ(command.placeholders()[1].offset, 22u);
}

TEST(CommandTemplate, RefusesWhatItCannotFillIn) {
  EXPECT_EQ(refusal("train --lr {lrr}"),
            "command: {lrr} at offset 11 names no parameter; did you mean {lr}?");
  EXPECT_EQ(refusal("train {chekpoint_dir}"),
            "command: {chekpoint_dir} at offset 6 names no parameter; did you mean "
            "{checkpoint_dir}?");
  EXPECT_EQ(refusal("train {lr}"), "accepted");
}

TEST(CommandTemplate, RefusesBrokenCommandsAndSaysWhere) {
  EXPECT_EQ(refusal(""), "command: it is empty; the first word names the program");
  EXPECT_EQ(refusal("'' a"), "command: it is empty; the first word names the program");
  EXPECT_EQ(refusal("a 'b"), "command: the quote is not closed at offset 2");
  EXPECT_EQ(refusal("a b\\"), "command: nothing follows the backslash at offset 3");
  EXPECT_NE(refusal("a {b").find("opens no placeholder"), std::string::npos);
  EXPECT_NE(refusal("a {}").find("opens no placeholder"), std::string::npos);
  EXPECT_NE(refusal("a b}").find("'}' without '{'"), std::string::npos);
}

TEST(CommandTemplate, RefusesWordsThatOnlyAShellKnows) {
  EXPECT_NE(refusal("train | tee log").find("'|' needs a shell"), std::string::npos);
  EXPECT_NE(refusal("train && rm x").find("at offset 6"), std::string::npos);
  EXPECT_EQ(refusal("train '|'"), "accepted");
}

}  // namespace
}  // namespace wattune::runners
