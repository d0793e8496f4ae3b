#include "data/cifar_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::size_t kPixels = kCifarSide * kCifarSide;
constexpr std::size_t kRecord = 1 + kCifarChannels * kPixels;
constexpr std::uint8_t kLargestLabel = 9;

}  // namespace

void append_cifar(const std::filesystem::path& path, CifarImages& all) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw UsageError(fmt::format("data file {}: {}", path.string(), std::strerror(errno)));
  }
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) throw UsageError(fmt::format("data file {} is empty", path.string()));
  if (bytes.size() % kRecord != 0) {
    throw UsageError(
        fmt::format("data file {}: truncated, or not CIFAR-10: {} bytes are no whole number of "
                    "records of {} bytes",
                    path.string(), bytes.size(), kRecord));
  }
  const auto* record = reinterpret_cast<const std::uint8_t*>(bytes.data());
  for (std::size_t i = 0; i < bytes.size() / kRecord; ++i, record += kRecord) {
    if (record[0] > kLargestLabel) {
      throw UsageError(fmt::format("data file {}: label {} of record {} is not in 0..{}",
                                   path.string(), record[0], i, kLargestLabel));
    }
    all.labels.push_back(record[0]);
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
      for (std::size_t channel = 0; channel < kCifarChannels; ++channel) {
        all.images.push_back(record[1 + channel * kPixels + pixel]);
      }
    }
  }
}

}  // namespace wattune::train
