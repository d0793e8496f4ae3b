#include "dataset.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "errors.hpp"
#include "idx_file.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kSmallestSide = 4;
constexpr std::int64_t kLargestSide = 256;

struct Pair {
  IdxArray images;
  IdxArray labels;
};

Pair read_pair(const std::filesystem::path& folder, std::string_view prefix) {
  const auto images_path = folder / fmt::format("{}-images-idx3-ubyte", prefix);
  const auto labels_path = folder / fmt::format("{}-labels-idx1-ubyte", prefix);
  Pair pair{.images = {}, .labels = read_idx(labels_path, 1)};
  const auto largest = std::ranges::max_element(pair.labels.elements);
  if (*largest >= Dataset::kNumClasses) {
    throw UsageError(fmt::format("data file {}: label {} of sample {} is not in 0..{}",
                                 labels_path.string(), *largest,
                                 largest - pair.labels.elements.begin(), Dataset::kNumClasses - 1));
  }
  pair.images = read_idx(images_path, 3);
  if (pair.images.sizes[0] != pair.labels.sizes[0]) {
    throw UsageError(fmt::format("data file {}: {} images, but {} labels in {}",
                                 images_path.string(), pair.images.sizes[0], pair.labels.sizes[0],
                                 labels_path.string()));
  }
  for (const std::int64_t side : {pair.images.sizes[1], pair.images.sizes[2]}) {
    if (side < kSmallestSide || side > kLargestSide) {
      throw UsageError(fmt::format("data file {}: images of {} x {}; sides of {} to {} are read",
                                   images_path.string(), pair.images.sizes[1], pair.images.sizes[2],
                                   kSmallestSide, kLargestSide));
    }
  }
  return pair;
}

/// Wraps an array without a copy; the tensor frees it.
at::Tensor to_tensor(std::vector<std::uint8_t> elements, std::int64_t num_rows) {
  auto* owner = new std::vector<std::uint8_t>(std::move(elements));
  const auto row = static_cast<std::int64_t>(owner->size()) / num_rows;
  return at::from_blob(
      owner->data(), {num_rows, row}, [owner](void*) { delete owner; }, at::kByte);
}

Split to_split(Pair pair) {
  const std::int64_t count = pair.labels.sizes[0];
  return {.images = to_tensor(std::move(pair.images.elements), count),
          .labels = to_tensor(std::move(pair.labels.elements), count).flatten().to(at::kLong)};
}

struct Moments {
  double mean;
  double standard_deviation;
};

/// Exact sums in integers, through a histogram of the 256 values.
Moments pixel_moments(std::span<const std::uint8_t> pixels) {
  std::array<std::array<std::uint32_t, 256>, 4> counts{};  // four, so that runs do not stall
  std::size_t i = 0;
  for (; i + 4 <= pixels.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) ++counts[lane][pixels[i + lane]];
  }
  for (; i < pixels.size(); ++i) ++counts[0][pixels[i]];
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  for (std::uint64_t value = 0; value < 256; ++value) {
    const std::uint64_t count =
        std::uint64_t{counts[0][value]} + counts[1][value] + counts[2][value] + counts[3][value];
    sum += count * value;
    sum_of_squares += count * value * value;
  }
  const auto n = static_cast<double>(pixels.size());
  const double mean = static_cast<double>(sum) / n;
  const double variance = static_cast<double>(sum_of_squares) / n - mean * mean;
  return {mean, std::sqrt(std::max(1.0, variance))};
}

}  // namespace

Dataset::Dataset(std::filesystem::path folder) : folder_(std::move(folder)) {
  Pair pair = read_pair(folder_, "train");
  height = pair.images.sizes[1];
  width = pair.images.sizes[2];
  const Split all = to_split(std::move(pair));
  const std::int64_t num_validation = all.size() / 6;
  const std::int64_t num_train = all.size() - num_validation;
  if (num_validation == 0) {
    throw UsageError(fmt::format("data folder {}: {} training images; at least 6 are needed",
                                 folder_.string(), all.size()));
  }
  train = {all.images.narrow(0, 0, num_train), all.labels.narrow(0, 0, num_train)};
  validation = {all.images.narrow(0, num_train, num_validation),
                all.labels.narrow(0, num_train, num_validation)};
  const Moments moments = pixel_moments(
      {train.images.data_ptr<std::uint8_t>(), static_cast<std::size_t>(train.images.numel())});
  mean = moments.mean;
  standard_deviation = moments.standard_deviation;
}

Split Dataset::read_test() const {
  Pair pair = read_pair(folder_, "t10k");
  if (pair.images.sizes[1] != height || pair.images.sizes[2] != width) {
    throw UsageError(
        fmt::format("data folder {}: test images of {} x {}, training images of {} x {}",
                    folder_.string(), pair.images.sizes[1], pair.images.sizes[2], height, width));
  }
  return to_split(std::move(pair));
}

BatchLoader::BatchLoader(const Dataset& data, const Split& split, std::int64_t largest_batch,
                         at::Device device)
    : height_(data.height),
      width_(data.width),
      mean_(data.mean),
      inverse_deviation_(1 / data.standard_deviation),
      images_(split.images.to(device)),
      labels_(split.labels.to(device)),
      byte_buffer_(at::empty({largest_batch, height_ * width_}, images_.options())),
      label_buffer_(at::empty({largest_batch}, labels_.options())),
      float_buffer_(
          at::empty({largest_batch, height_ * width_}, images_.options().dtype(at::kFloat))) {
}

BatchLoader::Batch BatchLoader::gather(const at::Tensor& indices) {
  const std::int64_t count = indices.size(0);
  at::Tensor bytes = byte_buffer_.narrow(0, 0, count);
  at::Tensor labels = label_buffer_.narrow(0, 0, count);
  at::index_select_out(bytes, images_, 0, indices);
  at::index_select_out(labels, labels_, 0, indices);
  return {normalise(bytes), labels};
}

BatchLoader::Batch BatchLoader::slice(std::int64_t first, std::int64_t count) {
  return {normalise(images_.narrow(0, first, count)), labels_.narrow(0, first, count)};
}

at::Tensor BatchLoader::normalise(const at::Tensor& bytes) {
  const std::int64_t count = bytes.size(0);
  at::Tensor floats = float_buffer_.narrow(0, 0, count);
  floats.copy_(bytes).sub_(mean_).mul_(inverse_deviation_);
  return floats.view({count, height_, width_, 1}).permute({0, 3, 1, 2});
}

}  // namespace wattune::train
