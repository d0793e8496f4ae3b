#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "wattune/config/known_names.hpp"
#include "wattune/config/schema.hpp"
#include "wattune/config/study_file.hpp"

// docs/study-file.md marks each table of keys with `<!-- section: NAME -->`.

namespace wattune::config {
namespace {

/// Section, key, type and default.
using Row = std::tuple<std::string, std::string, std::string, std::string>;

std::string manual() {
  std::ifstream stream(std::filesystem::path(SOURCE_DIR) / "docs/study-file.md");
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" `");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

std::vector<Row> rows_of_manual() {
  std::vector<Row> rows;
  std::istringstream lines(manual());
  const std::string mark = "<!-- section: ";
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(mark)) section = line.substr(mark.size(), line.find(" -->") - mark.size());
    if (!line.starts_with("|")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(trimmed(cell));
    const bool is_key = line.starts_with("| `") && !section.empty() && cells.size() >= 4;
    if (is_key) rows.emplace_back(section, cells[0], cells[1], cells[2]);
    if (line.empty()) section.clear();
  }
  return rows;
}

std::vector<Row> rows_of_schema() {
  std::vector<Row> rows;
  for (const SchemaKey& key : schema()) {
    rows.emplace_back(key.section, key.key, key.type, key.fallback);
  }
  return rows;
}

/// The text between ``` lines that begin with "```yaml".
std::vector<std::string> yaml_blocks() {
  std::vector<std::string> blocks;
  std::istringstream lines(manual());
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      is_inside = line == "```yaml";
      if (is_inside) blocks.emplace_back();
    } else if (is_inside) {
      blocks.back() += line + '\n';
    }
  }
  return blocks;
}

}  // namespace

TEST(StudyFileManual, DescribesExactlyTheKeysOfTheSchema) {
  EXPECT_THAT(rows_of_manual(), ::testing::UnorderedElementsAreArray(rows_of_schema()));
}

TEST(StudyFileManual, NamesEverySamplerSchedulerTypeRoleAndPlaceholder) {
  const std::string text = manual();
  for (const auto& names :
       {known_samplers(), known_schedulers(), known_joint_strategies(), known_parameter_types(),
        known_roles(), known_resource_units(), known_placeholders()}) {
    for (const std::string& name : names) EXPECT_THAT(text, ::testing::HasSubstr(name));
  }
}

TEST(StudyFileManual, ShowsStudiesThatAreAccepted) {
  int num_studies = 0;
  for (const std::string& block : yaml_blocks()) {
    if (block.find("command:") == std::string::npos) continue;
    ++num_studies;
    EXPECT_NO_THROW({
      const StudyFile file = parse_study(block, "study-file.md");
      EXPECT_TRUE(file.warnings.empty()) << file.warnings.front().message;
    });
  }
  EXPECT_EQ(num_studies, 2);
}

TEST(StudyFileManual, ShowsTheMinimalExampleAsItIs) {
  std::ifstream stream(std::filesystem::path(SOURCE_DIR) / "examples/minimal.yaml");
  const std::string example{std::istreambuf_iterator<char>{stream}, {}};
  EXPECT_THAT(yaml_blocks(), ::testing::Contains(example));
}

TEST(Synonyms, LeadToKeysThatExist) {
  EXPECT_EQ(key_meant_by("parameter.categorical", "choices"), "values");
  EXPECT_EQ(key_meant_by("parameter.float", "choices"), std::nullopt);
  EXPECT_EQ(key_meant_by("runner", "cwd"), "directory");
}

}  // namespace wattune::config
