#include "training/checkpoint.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

class CheckpointTest : public testing::Test {
 protected:
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  std::string refusal() {
    try {
      read_checkpoint(path_);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }

  fake::Folder folder_;
  std::filesystem::path path_ = checkpoint_path(folder_.path(), 12'500);
  Checkpoint some_{{{"steps", 196}, {"loss", 0.1}},
                   {{"parameters", at::linspace(-1, 1, 7, at::kFloat)},
                    {"counts", at::tensor({std::int64_t{1} << 40U, std::int64_t{2}})}}};
};

TEST_F(CheckpointTest, ComesBackBitForBit) {
  write_checkpoint(path_, some_);

  const Checkpoint read = read_checkpoint(path_);

  EXPECT_EQ(read.meta, some_.meta);
  ASSERT_EQ(read.tensors.size(), 2U);
  EXPECT_EQ(read.tensors[1].name, "counts");
  EXPECT_TRUE(at::equal(read.tensors[0].tensor, some_.tensors[0].tensor));
  EXPECT_TRUE(at::equal(read.tensors[1].tensor, some_.tensors[1].tensor));
}

TEST_F(CheckpointTest, LeavesNothingBesideItself) {
  write_checkpoint(path_, some_);
  EXPECT_THAT(files(), UnorderedElementsAre("12500.ckpt"));
}

TEST_F(CheckpointTest, IsRefusedWhenCutAnywhere) {
  write_checkpoint(path_, some_);
  const std::string whole = fake::read_file(path_);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    fake::write_file(path_, std::string_view(whole).substr(0, length));
    EXPECT_NE(refusal(), "accepted") << length << " bytes of " << whole.size();
  }
}

TEST_F(CheckpointTest, IsRefusedWithAnyFlippedBit) {
  write_checkpoint(path_, some_);
  const std::string whole = fake::read_file(path_);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    fake::write_file(path_, flipped);
    EXPECT_NE(refusal(), "accepted") << "byte " << i << " of " << whole.size();
  }
}

TEST_F(CheckpointTest, NamesAMissingFile) {
  EXPECT_THAT(refusal(), HasSubstr("12500.ckpt"));
}

TEST_F(CheckpointTest, NamesAFolderThatCannotBeWritten) {
  EXPECT_THROW(write_checkpoint(folder_.path() / "missing" / "1.ckpt", some_), std::runtime_error);
}

TEST_F(CheckpointTest, OnlyTheLatestAreKept) {
  for (const std::int64_t step : {900, 1000, 80}) {
    write_checkpoint(checkpoint_path(folder_.path(), step), some_);
  }
  fake::write_file(folder_.path() / "notes.txt", "keep");
  fake::write_file(folder_.path() / "1x.ckpt", "keep");

  remove_old_checkpoints(folder_.path(), 2);

  EXPECT_THAT(files(), UnorderedElementsAre("900.ckpt", "1000.ckpt", "notes.txt", "1x.ckpt"));
}

}  // namespace
}  // namespace wattune::train
