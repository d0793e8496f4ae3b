#include "data/image_data.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "data/cifar_file.hpp"
#include "data/idx_file.hpp"
#include "errors.hpp"

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
  if (*largest >= ImageData::kNumClasses) {
    throw UsageError(
        fmt::format("data file {}: label {} of sample {} is not in 0..{}", labels_path.string(),
                    *largest, largest - pair.labels.elements.begin(), ImageData::kNumClasses - 1));
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

ImageSplit to_split(std::vector<std::uint8_t> images, std::vector<std::uint8_t> labels) {
  const auto count = static_cast<std::int64_t>(labels.size());
  return {.images = to_tensor(std::move(images), count),
          .labels = to_tensor(std::move(labels), count).flatten().to(at::kLong)};
}

ImageSplit to_split(Pair pair) {
  return to_split(std::move(pair.images.elements), std::move(pair.labels.elements));
}

struct Moments {
  double mean;
  double standard_deviation;
};

/// Exact sums in integers, through a histogram of the 256 values of one channel.
Moments pixel_moments(std::span<const std::uint8_t> pixels, std::size_t channel,
                      std::size_t num_channels) {
  std::array<std::array<std::uint32_t, 256>, 4> counts{};  // four, so that runs do not stall
  const std::size_t step = 4 * num_channels;
  std::size_t i = channel;
  for (; i + step <= pixels.size() + channel; i += step) {
    for (std::size_t lane = 0; lane < 4; ++lane) ++counts[lane][pixels[i + lane * num_channels]];
  }
  for (; i < pixels.size(); i += num_channels) ++counts[0][pixels[i]];
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  for (std::uint64_t value = 0; value < 256; ++value) {
    const std::uint64_t count =
        std::uint64_t{counts[0][value]} + counts[1][value] + counts[2][value] + counts[3][value];
    sum += count * value;
    sum_of_squares += count * value * value;
  }
  const auto n = static_cast<double>(pixels.size() / num_channels);
  const double mean = static_cast<double>(sum) / n;
  const double variance = static_cast<double>(sum_of_squares) / n - mean * mean;
  return {mean, std::sqrt(std::max(1.0, variance))};
}

constexpr std::string_view kFirstCifarFile = "data_batch_1.bin";

}  // namespace

ImageData::ImageData(std::filesystem::path folder, Scaling scaling)
    : folder_(std::move(folder)), is_cifar_(std::filesystem::exists(folder_ / kFirstCifarFile)) {
  if (is_cifar_) {
    read_cifar_folder();
  } else {
    read_idx_folder();
  }
  const std::span<const std::uint8_t> pixels{train.images.data_ptr<std::uint8_t>(),
                                             static_cast<std::size_t>(train.images.numel())};
  for (std::int64_t channel = 0; channel < shape.channels; ++channel) {
    if (scaling == Scaling::Unit) {
      mean.push_back(0);
      standard_deviation.push_back(255);
      continue;
    }
    const Moments moments = pixel_moments(pixels, static_cast<std::size_t>(channel),
                                          static_cast<std::size_t>(shape.channels));
    mean.push_back(moments.mean);
    standard_deviation.push_back(moments.standard_deviation);
  }
}

void ImageData::read_idx_folder() {
  Pair pair = read_pair(folder_, "train");
  shape = {1, pair.images.sizes[1], pair.images.sizes[2]};
  const ImageSplit all = to_split(std::move(pair));
  const std::int64_t num_validation = all.size() / 6;
  const std::int64_t num_train = all.size() - num_validation;
  if (num_validation == 0) {
    throw UsageError(fmt::format("data folder {}: {} training images; at least 6 are needed",
                                 folder_.string(), all.size()));
  }
  train = {all.images.narrow(0, 0, num_train), all.labels.narrow(0, 0, num_train)};
  validation = {all.images.narrow(0, num_train, num_validation),
                all.labels.narrow(0, num_train, num_validation)};
}

void ImageData::read_cifar_folder() {
  shape = {kCifarChannels, kCifarSide, kCifarSide};
  CifarImages first;
  for (int file = 1; file <= 4; ++file) {
    append_cifar(folder_ / fmt::format("data_batch_{}.bin", file), first);
  }
  train = to_split(std::move(first.images), std::move(first.labels));
  CifarImages last;
  append_cifar(folder_ / "data_batch_5.bin", last);
  validation = to_split(std::move(last.images), std::move(last.labels));
}

ImageSplit ImageData::read_test() const {
  if (is_cifar_) {
    CifarImages test;
    append_cifar(folder_ / "test_batch.bin", test);
    return to_split(std::move(test.images), std::move(test.labels));
  }
  Pair pair = read_pair(folder_, "t10k");
  if (pair.images.sizes[1] != shape.height || pair.images.sizes[2] != shape.width) {
    throw UsageError(fmt::format(
        "data folder {}: test images of {} x {}, training images of {} x {}", folder_.string(),
        pair.images.sizes[1], pair.images.sizes[2], shape.height, shape.width));
  }
  return to_split(std::move(pair));
}

namespace {

/// One value per channel, repeated for every pixel of an image, so that a batch is a plain matrix.
at::Tensor row_of(const std::vector<double>& per_channel, const ImageShape& shape) {
  return at::tensor(per_channel, at::kDouble).repeat({shape.height * shape.width});
}

}  // namespace

ImageBatches::ImageBatches(const ImageData& data, const at::Tensor& images,
                           const at::Tensor& targets, std::int64_t largest_batch, at::Device device)
    : shape_(data.shape),
      mean_(row_of(data.mean, data.shape).to(device, at::kFloat)),
      inverse_deviation_(
          row_of(data.standard_deviation, data.shape).reciprocal().to(device, at::kFloat)),
      images_(images.to(device)),
      targets_(targets.to(device)),
      byte_buffer_(at::empty({largest_batch, images.size(1)}, images_.options())),
      float_buffer_(
          at::empty({largest_batch, images.size(1)}, images_.options().dtype(at::kFloat))) {
  std::vector<std::int64_t> sizes = targets.sizes().vec();
  sizes.front() = largest_batch;
  target_buffer_ = at::empty(sizes, targets_.options());
}

Batch ImageBatches::gather(const at::Tensor& indices) {
  const std::int64_t count = indices.size(0);
  at::Tensor bytes = byte_buffer_.narrow(0, 0, count);
  at::Tensor targets = target_buffer_.narrow(0, 0, count);
  at::index_select_out(bytes, images_, 0, indices);
  at::index_select_out(targets, targets_, 0, indices);
  return {normalise(bytes), targets};
}

Batch ImageBatches::slice(std::int64_t first, std::int64_t count) {
  return {normalise(images_.narrow(0, first, count)), targets_.narrow(0, first, count)};
}

at::Tensor ImageBatches::normalise(const at::Tensor& bytes) {
  const std::int64_t count = bytes.size(0);
  const at::Tensor floats = float_buffer_.narrow(0, 0, count);
  floats.copy_(bytes);
  floats.sub_(mean_).mul_(inverse_deviation_);
  return floats.view({count, shape_.height, shape_.width, shape_.channels}).permute({0, 3, 1, 2});
}

}  // namespace wattune::train
