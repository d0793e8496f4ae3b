#include "data/image_data.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "errors.hpp"
#include "tasks/classification.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

class ImageDataTest : public testing::Test {
 protected:
  ImageDataTest() { fake::write_data(folder_.path()); }
  std::string refusal_of_folder() {
    return refusal([this] { ImageData data(folder_.path()); });
  }
  fake::Folder folder_;
};

TEST_F(ImageDataTest, KeepsTheLastSixthForValidation) {
  const ImageData data(folder_.path());

  EXPECT_EQ(data.train.size(), 500);
  EXPECT_EQ(data.validation.size(), 100);
  EXPECT_EQ(data.read_test().size(), 64);
  EXPECT_EQ(data.shape.height, 8);
}

TEST_F(ImageDataTest, NormalisesByTheTrainingSplitAlone) {
  const ImageData data(folder_.path());

  const at::Tensor pixels = data.train.images.to(at::kDouble);

  EXPECT_NEAR(data.mean[0], pixels.mean().item<double>(), 1e-9);
  EXPECT_NEAR(data.standard_deviation[0], pixels.std(/*unbiased=*/false).item<double>(), 1e-9);
}

TEST_F(ImageDataTest, OpensTheTestFilesOnlyWhenAsked) {
  std::filesystem::remove(folder_.path() / "t10k-images-idx3-ubyte.gz");

  const ImageData data(folder_.path());

  EXPECT_THAT(refusal([&] { (void)data.read_test(); }), HasSubstr("t10k-images-idx3-ubyte"));
}

TEST_F(ImageDataTest, RefusesALabelOutOfRange) {
  fake::write_gzip(folder_.path() / "train-labels-idx1-ubyte.gz",
                   fake::idx_bytes({600}, std::string(599, '\1') + '\12'));
  EXPECT_THAT(refusal_of_folder(), HasSubstr("label 10 of sample 599 is not in 0..9"));
}

TEST_F(ImageDataTest, RefusesImagesAndLabelsThatDoNotPair) {
  fake::write_gzip(folder_.path() / "train-labels-idx1-ubyte.gz",
                   fake::idx_bytes({599}, std::string(599, '\1')));
  EXPECT_THAT(refusal_of_folder(), AllOf(HasSubstr("600 images"), HasSubstr("599 labels")));
}

TEST_F(ImageDataTest, RefusesImagesTooSmallToLearnFrom) {
  fake::write_gzip(folder_.path() / "train-images-idx3-ubyte.gz",
                   fake::idx_bytes({600, 2, 2}, std::string(2400, 'x')));
  EXPECT_THAT(refusal_of_folder(), HasSubstr("images of 2 x 2"));
}

TEST_F(ImageDataTest, RefusesTestImagesOfAnotherSize) {
  fake::write_gzip(folder_.path() / "t10k-images-idx3-ubyte.gz",
                   fake::idx_bytes({64, 4, 4}, std::string(1024, 'x')));
  const ImageData data(folder_.path());
  EXPECT_THAT(refusal([&] { (void)data.read_test(); }), HasSubstr("test images of 4 x 4"));
}

TEST_F(ImageDataTest, GathersTheNamedSamplesNormalised) {
  const ImageData data(folder_.path());
  ImageBatches batches(data, data.train.images, data.train.labels, 4, at::kCPU);

  const auto [images, labels] = batches.gather(at::tensor({499, 0}, at::kLong));

  EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{2, 1, 8, 8}));
  EXPECT_EQ(labels[0].item<std::int64_t>(), data.train.labels[499].item<std::int64_t>());
  const double pixel = data.train.images[499][13].item<double>();
  EXPECT_NEAR(images[0][0][1][5].item<double>(),
              (pixel - data.mean[0]) / data.standard_deviation[0],
              1e-5);  // floats near 1
}

class CifarTest : public testing::Test {
 protected:
  /// Two images of a grey of their own in each of the five training files, one in the test file.
  CifarTest() {
    for (int file = 1; file <= 5; ++file) {
      fake::write_file(folder_.path() / ("data_batch_" + std::to_string(file) + ".bin"),
                       record(file) + record(0));
    }
    fake::write_file(folder_.path() / "test_batch.bin", record(9));
  }
  static std::string record(int label) {
    return std::string(1, static_cast<char>(label)) + std::string(1024, static_cast<char>(label)) +
           std::string(1024, static_cast<char>(100 + label)) + std::string(1024, '\x32');
  }
  std::string refusal_of_folder() {
    return refusal([this] { ImageData data(folder_.path()); });
  }
  fake::Folder folder_;
};

TEST_F(CifarTest, KeepsTheLastTrainingFileForValidation) {
  const ImageData data(folder_.path(), Scaling::Unit);

  EXPECT_EQ(data.train.size(), 8);
  EXPECT_EQ(data.validation.size(), 2);
  EXPECT_EQ(data.read_test().size(), 1);
  EXPECT_EQ(data.validation.labels[0].item<std::int64_t>(), 5);
  EXPECT_EQ(data.shape.channels, 3);
}

TEST_F(CifarTest, PutsTheColoursOfAPixelTogetherAndNormalisesEach) {
  const ImageData unit(folder_.path(), Scaling::Unit);
  ImageBatches batches(unit, unit.train.images, unit.train.labels, 4, at::kCPU);
  const at::Tensor images = batches.slice(2, 1).input;  // label 2

  EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{1, 3, 32, 32}));
  EXPECT_NEAR(images[0][0][31][31].item<double>(), 2 / 255.0, 1e-6);
  EXPECT_NEAR(images[0][1][0][17].item<double>(), 102 / 255.0, 1e-6);

  const ImageData standard(folder_.path());
  EXPECT_EQ(standard.mean[0], 1.25);  // (1 + 2 + 3 + 4) / 8
  EXPECT_EQ(standard.mean[1], 101.25);
  EXPECT_EQ(standard.standard_deviation[2], 1);  // of a colour that never changes
}

TEST_F(CifarTest, NamesAFileThatIsTruncatedEmptyOrMissing) {
  const auto third = folder_.path() / "data_batch_3.bin";
  std::filesystem::resize_file(third, 3072);
  EXPECT_THAT(refusal_of_folder(), AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("truncated")));
  std::filesystem::resize_file(third, 0);
  EXPECT_THAT(refusal_of_folder(), AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("empty")));
  std::filesystem::remove(third);
  EXPECT_THAT(refusal_of_folder(), HasSubstr("data_batch_3.bin"));
  fake::write_file(third, record(10));
  EXPECT_THAT(refusal_of_folder(), HasSubstr("label 10 of record 0"));
}

TEST_F(ImageDataTest, HasHeadsForOtherQuestions) {
  const Classification task({.folder = folder_.path(), .heads = {"brightness", "parity"}});
  const auto source = task.open(Part::Train, 500, at::kCPU);
  const at::Tensor target = source->slice(0, 500).target;

  EXPECT_TRUE(at::equal(target.select(1, 1), task.data().train.labels.remainder(2)));
  for (int quarter = 0; quarter < 4; ++quarter) {
    EXPECT_NEAR(target.select(1, 0).eq(quarter).sum().item<int>(), 125, 10);  // ties
  }
  EXPECT_THAT(
      refusal([this] { Classification task_of({.folder = folder_.path(), .heads = {"colour"}}); }),
      AllOf(HasSubstr("'colour'"), HasSubstr("label, parity, brightness")));
}

TEST_F(ImageDataTest, FindsFashionMnistWhereDebianPutsIt) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";

  const ImageData data(folder);

  EXPECT_EQ(data.train.size(), 50'000);
  EXPECT_EQ(data.validation.size(), 10'000);
  EXPECT_NEAR(data.mean[0] / 255, 0.286, 0.001);  // the published constant of all 60,000 is 0.2860
  EXPECT_NEAR(data.standard_deviation[0] / 255, 0.353, 0.001);
}

}  // namespace
}  // namespace wattune::train
