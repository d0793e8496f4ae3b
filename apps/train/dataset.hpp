#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace wattune::train {

/// Images of one split, as bytes until a batch needs them.
struct Split {
  at::Tensor images;  ///< [num_samples x (height * width)] uint8
  at::Tensor labels;  ///< [num_samples] int64, each in [0, num_classes)

  [[nodiscard]] std::int64_t size() const { return labels.size(0); }
};

/// A folder of MNIST or of a data set in its format (four IDX files, gzipped or plain).
///
/// The last sixth of the training file is the validation split: 50,000 and 10,000 images for
/// MNIST and Fashion-MNIST. The test files are not opened before `read_test`.
///
/// Errors   UsageError  from the constructor and `read_test`, naming the file and what is wrong
class Dataset {
 public:
  static constexpr std::int64_t kNumClasses = 10;

  explicit Dataset(std::filesystem::path folder);

  Split train;
  Split validation;
  std::int64_t height = 0;
  std::int64_t width = 0;
  double mean = 0;                ///< Of the pixels of the training split, in [0, 255].
  double standard_deviation = 0;  ///< Of the same pixels; at least 1.

  [[nodiscard]] Split read_test() const;

 private:
  std::filesystem::path folder_;
};

/// Turns rows of bytes into normalised network input, in buffers that are used again and again.
class BatchLoader {
 public:
  /// Takes    split  moved to `device` once; batches hold at most `largest_batch` samples
  BatchLoader(const Dataset& data, const Split& split, std::int64_t largest_batch,
              at::Device device);

  struct Batch {
    at::Tensor images;  ///< [batch x 1 x height x width] float, channels last
    at::Tensor labels;  ///< [batch] int64
  };

  /// The samples named by `indices` [batch] int64. Valid until the next call.
  Batch gather(const at::Tensor& indices);

  /// Samples [first, first + count) of the split. Valid until the next call.
  Batch slice(std::int64_t first, std::int64_t count);

  [[nodiscard]] std::int64_t size() const { return labels_.size(0); }

 private:
  at::Tensor normalise(const at::Tensor& bytes);

  std::int64_t height_;
  std::int64_t width_;
  double mean_;
  double inverse_deviation_;
  at::Tensor images_;
  at::Tensor labels_;
  at::Tensor byte_buffer_;
  at::Tensor label_buffer_;
  at::Tensor float_buffer_;
};

}  // namespace wattune::train
