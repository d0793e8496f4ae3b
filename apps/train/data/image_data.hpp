#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "data/batch_source.hpp"
#include "models/image_network.hpp"

namespace wattune::train {

/// Images of one split, as bytes until a batch needs them.
struct ImageSplit {
  at::Tensor images;  ///< [num_samples x (height * width * channels)] uint8, channels last
  at::Tensor labels;  ///< [num_samples] int64, each in [0, num_classes)

  [[nodiscard]] std::int64_t size() const { return labels.size(0); }
};

/// How pixels become numbers: standardised per channel by the training split, or only divided by
/// 255.
enum class Scaling { Standard, Unit };

/// A folder of MNIST or of a data set in its format (four IDX files, gzipped or plain), or of the
/// binary version of CIFAR-10; whichever files are there.
///
/// The last sixth of the training file is the validation split: 50,000 and 10,000 images for
/// MNIST and Fashion-MNIST. Of CIFAR-10 it is the last of the five training files. The test files
/// are not opened before `read_test`.
///
/// Errors   UsageError  from the constructor and `read_test`, naming the file and what is wrong
class ImageData {
 public:
  static constexpr std::int64_t kNumClasses = 10;

  explicit ImageData(std::filesystem::path folder, Scaling scaling = Scaling::Standard);

  ImageSplit train;
  ImageSplit validation;
  ImageShape shape;
  std::vector<double> mean;                ///< Per channel, of the training split, in [0, 255].
  std::vector<double> standard_deviation;  ///< Per channel, of the same pixels; at least 1.

  [[nodiscard]] ImageSplit read_test() const;

 private:
  void read_idx_folder();
  void read_cifar_folder();

  std::filesystem::path folder_;
  bool is_cifar_ = false;
};

/// Turns rows of bytes into normalised network input [batch x channels x height x width] float,
/// channels last.
class ImageBatches final : public BatchSource {
 public:
  /// Takes    targets  [num_samples] or [num_samples x heads] int64
  ImageBatches(const ImageData& data, const at::Tensor& images, const at::Tensor& targets,
               std::int64_t largest_batch, at::Device device);

  [[nodiscard]] std::int64_t size() const override { return targets_.size(0); }
  Batch gather(const at::Tensor& indices) override;
  Batch slice(std::int64_t first, std::int64_t count) override;

 private:
  at::Tensor normalise(const at::Tensor& bytes);

  ImageShape shape_;
  at::Tensor mean_;               // [height * width * channels]
  at::Tensor inverse_deviation_;  // alike
  at::Tensor images_;
  at::Tensor targets_;
  at::Tensor byte_buffer_;
  at::Tensor target_buffer_;
  at::Tensor float_buffer_;
};

}  // namespace wattune::train
