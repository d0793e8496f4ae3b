#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "wattune/base/random.hpp"
#include "wattune/config/study_file.hpp"

namespace wattune::config {
namespace {

constexpr int kNumMutants = 4000;

std::string valid_study() {
  std::ifstream stream(std::filesystem::path(SOURCE_DIR) / "tests/config/full.yaml");
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// What typing errors, bad copies and broken disks make of a file.
std::string mutated(std::string text, Rng& rng) {
  constexpr std::array<std::string_view, 22> kPieces{
      "{",   "}",  "[",   "]", ": ", "- ",   "\n",    "\t", "'",        "\"",   "#",
      "&a ", "*a", "!x ", "0", "-1", ".nan", "1e999", "{x", "\xC3\xA9", "\xFF", "? "};
  const std::size_t num_changes = 1 + rng.index(4);
  for (std::size_t i = 0; i < num_changes && !text.empty(); ++i) {
    const std::size_t at = rng.index(text.size());
    switch (rng.index(4)) {
      case 0:
        text.insert(at, kPieces.at(rng.index(kPieces.size())));
        break;
      case 1:
        text.erase(at, 1 + rng.index(12));
        break;
      case 2:
        text.insert(rng.index(text.size()), text.substr(at, 1 + rng.index(60)));
        break;
      default:
        text[at] = static_cast<char>(rng.bits() & 0xFFU);
    }
  }
  return text;
}

}  // namespace

TEST(MutatedStudy, IsAcceptedOrRefusedInOrder) {
  const std::string valid = valid_study();
  ASSERT_FALSE(valid.empty());
  Rng rng(20261121);
  int num_refused = 0;
  for (int i = 0; i < kNumMutants; ++i) {
    const std::string text = mutated(valid, rng);
    try {
      (void)parse_study(text, "mutant.yaml");
    } catch (const StudyFileError& error) {
      ++num_refused;
      ASSERT_FALSE(error.diagnostics().empty()) << text;
      std::size_t line = 0;
      for (const Diagnostic& diagnostic : error.diagnostics()) {
        ASSERT_LE(line, diagnostic.place.line) << error.what();
        line = diagnostic.place.line;
      }
    }
  }
  // Both roads are taken: most changes break something, some fall into comments and blanks.
  EXPECT_GT(num_refused, kNumMutants / 2);
  EXPECT_LT(num_refused, kNumMutants);
}

TEST(MutatedStudy, IsRefusedWhereverItIsCutOff) {
  const std::string valid = valid_study();
  const std::size_t last_required = valid.find("strategy:");
  ASSERT_NE(last_required, std::string::npos);
  for (std::size_t length = 0; length < last_required; ++length) {
    EXPECT_THROW((void)parse_study(valid.substr(0, length), "cut.yaml"), StudyFileError) << length;
  }
}

TEST(MutatedStudy, IsRefusedHoweverDeepItNests) {
  for (const char* bracket : {"[", "{a: ", "- ", "? "}) {
    std::string deep;
    for (int i = 0; i < 20000; ++i) deep += bracket;
    EXPECT_THROW((void)parse_study(deep, "deep.yaml"), StudyFileError) << bracket;
  }
}

}  // namespace wattune::config
