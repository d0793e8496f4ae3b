#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "wattune/config/study_file.hpp"

// Each tests/config/bad/NAME.yaml is read, and what is told about it is compared with
// NAME.expected beside it. WATTUNE_UPDATE_EXPECTED=1 writes the expected files anew; read the
// difference before it is committed.

namespace wattune::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(SOURCE_DIR) / "tests/config/bad";

std::string content_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::vector<std::string> names_of_bad_studies() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string told_about(const std::string& name) {
  try {
    const StudyFile file = parse_study(content_of(kFolder / (name + ".yaml")), name + ".yaml");
    std::string told = "accepted\n";
    for (const Diagnostic& warning : file.warnings) told += "\n" + to_text(file.source, warning);
    return told;
  } catch (const StudyFileError& problem) {
    return problem.what();
  }
}

class BadStudy : public ::testing::TestWithParam<std::string> {};

TEST_P(BadStudy, IsToldAsExpected) {
  const fs::path expected = kFolder / (GetParam() + ".expected");
  const std::string told = told_about(GetParam());
  if (std::getenv("WATTUNE_UPDATE_EXPECTED") != nullptr) {
    std::ofstream(expected, std::ios::binary) << told;
  }
  EXPECT_EQ(told, content_of(expected));
}

// Files named warning_* are accepted with a warning; all others are refused.
TEST_P(BadStudy, IsRefusedUnlessItOnlyDeservesAWarning) {
  const bool is_accepted = told_about(GetParam()).starts_with("accepted");
  EXPECT_EQ(is_accepted, GetParam().starts_with("warning_"));
}

INSTANTIATE_TEST_SUITE_P(Files, BadStudy, ::testing::ValuesIn(names_of_bad_studies()),
                         [](const auto& information) { return information.param; });

}  // namespace
}  // namespace wattune::config
