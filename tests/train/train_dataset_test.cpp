#include "dataset.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "errors.hpp"
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

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() { fake::write_data(folder_.path()); }
  std::string refusal_of_folder() {
    return refusal([this] { Dataset data(folder_.path()); });
  }
  fake::Folder folder_;
};

TEST_F(DatasetTest, KeepsTheLastSixthForValidation) {
  const Dataset data(folder_.path());

  EXPECT_EQ(data.train.size(), 500);
  EXPECT_EQ(data.validation.size(), 100);
  EXPECT_EQ(data.read_test().size(), 64);
  EXPECT_EQ(data.height, 8);
}

TEST_F(DatasetTest, NormalisesByTheTrainingSplitAlone) {
  const Dataset data(folder_.path());

  const at::Tensor pixels = data.train.images.to(at::kDouble);

  EXPECT_NEAR(data.mean, pixels.mean().item<double>(), 1e-9);
  EXPECT_NEAR(data.standard_deviation, pixels.std(/*unbiased=*/false).item<double>(), 1e-9);
}

TEST_F(DatasetTest, OpensTheTestFilesOnlyWhenAsked) {
  std::filesystem::remove(folder_.path() / "t10k-images-idx3-ubyte.gz");

  const Dataset data(folder_.path());

  EXPECT_THAT(refusal([&] { (void)data.read_test(); }), HasSubstr("t10k-images-idx3-ubyte"));
}

TEST_F(DatasetTest, RefusesALabelOutOfRange) {
  fake::write_gzip(folder_.path() / "train-labels-idx1-ubyte.gz",
                   fake::idx_bytes({600}, std::string(599, '\1') + '\12'));
  EXPECT_THAT(refusal_of_folder(), HasSubstr("label 10 of sample 599 is not in 0..9"));
}

TEST_F(DatasetTest, RefusesImagesAndLabelsThatDoNotPair) {
  fake::write_gzip(folder_.path() / "train-labels-idx1-ubyte.gz",
                   fake::idx_bytes({599}, std::string(599, '\1')));
  EXPECT_THAT(refusal_of_folder(), AllOf(HasSubstr("600 images"), HasSubstr("599 labels")));
}

TEST_F(DatasetTest, RefusesImagesTooSmallToLearnFrom) {
  fake::write_gzip(folder_.path() / "train-images-idx3-ubyte.gz",
                   fake::idx_bytes({600, 2, 2}, std::string(2400, 'x')));
  EXPECT_THAT(refusal_of_folder(), HasSubstr("images of 2 x 2"));
}

TEST_F(DatasetTest, RefusesTestImagesOfAnotherSize) {
  fake::write_gzip(folder_.path() / "t10k-images-idx3-ubyte.gz",
                   fake::idx_bytes({64, 4, 4}, std::string(1024, 'x')));
  const Dataset data(folder_.path());
  EXPECT_THAT(refusal([&] { (void)data.read_test(); }), HasSubstr("test images of 4 x 4"));
}

TEST_F(DatasetTest, GathersTheNamedSamplesNormalised) {
  const Dataset data(folder_.path());
  BatchLoader loader(data, data.train, 4, at::kCPU);

  const auto [images, labels] = loader.gather(at::tensor({499, 0}, at::kLong));

  EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{2, 1, 8, 8}));
  EXPECT_EQ(labels[0].item<std::int64_t>(), data.train.labels[499].item<std::int64_t>());
  const double pixel = data.train.images[499][13].item<double>();
  EXPECT_NEAR(images[0][0][1][5].item<double>(), (pixel - data.mean) / data.standard_deviation,
              1e-5);  // floats near 1
}

TEST_F(DatasetTest, FindsFashionMnistWhereDebianPutsIt) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";

  const Dataset data(folder);

  EXPECT_EQ(data.train.size(), 50'000);
  EXPECT_EQ(data.validation.size(), 10'000);
  EXPECT_NEAR(data.mean / 255, 0.286, 0.001);  // the published constant of all 60,000 is 0.2860
  EXPECT_NEAR(data.standard_deviation / 255, 0.353, 0.001);
}

}  // namespace
}  // namespace wattune::train
