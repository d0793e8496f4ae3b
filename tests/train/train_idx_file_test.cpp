#include "data/idx_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "errors.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::filesystem::path& stem, int num_dimensions) {
  try {
    read_idx(stem, num_dimensions);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

class IdxFile : public testing::Test {
 protected:
  fake::Folder folder_;
  std::filesystem::path stem_ = folder_.path() / "some-idx";
  std::filesystem::path gzipped_ = folder_.path() / "some-idx.gz";
  std::string good_ = fake::idx_bytes({2, 3}, "abcdef");
};

TEST_F(IdxFile, ReadsAPlainFile) {
  fake::write_file(stem_, good_);

  const IdxArray array = read_idx(stem_, 2);

  EXPECT_THAT(array.sizes, ElementsAre(2, 3));
  EXPECT_THAT(array.elements, ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
}

TEST_F(IdxFile, ReadsAGzippedFileAlike) {
  fake::write_gzip(gzipped_, good_);

  EXPECT_THAT(read_idx(stem_, 2).elements, ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
}

TEST_F(IdxFile, NamesAMissingFile) {
  EXPECT_THAT(refusal(stem_, 2), AllOf(HasSubstr("some-idx"), HasSubstr("missing")));
}

TEST_F(IdxFile, RefusesAFileOfAnotherFormat) {
  fake::write_file(stem_, "PNG and more");
  EXPECT_THAT(refusal(stem_, 2), AllOf(HasSubstr("some-idx"), HasSubstr("not an IDX file")));
}

TEST_F(IdxFile, RefusesElementsThatAreNotBytes) {
  good_[2] = '\x0d';
  fake::write_file(stem_, good_);
  EXPECT_THAT(refusal(stem_, 2), HasSubstr("IDX type 0x0d"));
}

TEST_F(IdxFile, RefusesAnotherNumberOfDimensions) {
  fake::write_file(stem_, good_);
  EXPECT_THAT(refusal(stem_, 3), HasSubstr("2 dimensions; 3 are needed"));
}

TEST_F(IdxFile, RefusesADimensionOfZero) {
  fake::write_file(stem_, fake::idx_bytes({2, 0}, ""));
  EXPECT_THAT(refusal(stem_, 2), HasSubstr("dimension 2 is 0"));
}

TEST_F(IdxFile, RefusesAHeaderThatAsksForMoreThanMemory) {
  fake::write_file(stem_, fake::idx_bytes({0xffffffffU, 0xffffffffU}, ""));
  EXPECT_THAT(refusal(stem_, 2), HasSubstr("more than 4 GiB"));
}

TEST_F(IdxFile, RefusesBytesAfterTheEnd) {
  fake::write_file(stem_, good_ + "x");
  EXPECT_THAT(refusal(stem_, 2), HasSubstr("bytes follow after the last element"));
}

TEST_F(IdxFile, RefusesAPlainFileCutAnywhere) {
  for (std::size_t length = 0; length < good_.size(); ++length) {
    fake::write_file(stem_, std::string_view(good_).substr(0, length));
    EXPECT_THAT(refusal(stem_, 2), HasSubstr("truncated")) << length << " bytes";
  }
}

TEST_F(IdxFile, RefusesAGzippedFileCutAnywhere) {
  fake::write_gzip(gzipped_, good_);
  const std::string whole = fake::read_file(gzipped_);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    fake::write_file(gzipped_, std::string_view(whole).substr(0, length));
    EXPECT_NE(refusal(stem_, 2), "accepted") << length << " bytes of " << whole.size();
  }
}

TEST_F(IdxFile, RefusesAGzippedFileWithAFlippedBit) {
  fake::write_gzip(gzipped_, good_);
  const std::string whole = fake::read_file(gzipped_);
  for (std::size_t i = 10; i < whole.size(); ++i) {  // the first 10 bytes hold a date and the like
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    fake::write_file(gzipped_, flipped);
    EXPECT_NE(refusal(stem_, 2), "accepted") << "byte " << i << " of " << whole.size();
  }
}

}  // namespace
}  // namespace wattune::train
