// A file of the binary version of CIFAR-10 is a row of records of 3,073 bytes:
//
//   1 byte       label, 0 to 9
//   1,024 bytes  red, row by row of the 32 x 32 image; then green; then blue
//
// data_batch_1.bin to data_batch_5.bin are for training, test_batch.bin for the test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace wattune::train {

constexpr std::int64_t kCifarSide = 32;
constexpr std::int64_t kCifarChannels = 3;

struct CifarImages {
  std::vector<std::uint8_t> images;  ///< Per image, pixel by pixel with its channels together.
  std::vector<std::uint8_t> labels;
};

/// Appends the records of `path` to `all`.
///
/// Errors   UsageError  missing, empty, truncated, or a label above 9; the message names the file
void append_cifar(const std::filesystem::path& path, CifarImages& all);

}  // namespace wattune::train
