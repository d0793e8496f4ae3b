#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/image_data.hpp"
#include "tasks/task.hpp"

namespace wattune::train {

struct ClassificationOptions {
  std::filesystem::path folder;
  Scaling scaling = Scaling::Standard;
  std::vector<std::string> heads = {"label"};
};

/// Telling classes of images, by cross-entropy.
///
/// Heads, each a question of its own about an image:
///   label       the ten classes of the data set
///   parity      is the number of the class odd?
///   brightness  the quarter of the training images, by mean pixel, into which it falls
///
/// Metrics: accuracy (of the first head), loss; with several heads accuracy_<head> for each.
///
/// Errors   UsageError  an unknown or repeated head; data that cannot be read
class Classification final : public Task {
 public:
  explicit Classification(const ClassificationOptions& options);

  [[nodiscard]] const ImageData& data() const { return data_; }

  [[nodiscard]] std::int64_t num_train() const override { return data_.train.size(); }
  [[nodiscard]] const std::vector<Head>& heads() const override { return heads_; }
  [[nodiscard]] std::unique_ptr<BatchSource> open(Part part, std::int64_t largest_batch,
                                                  at::Device device) const override;
  [[nodiscard]] at::Tensor loss(const at::Tensor& output, const at::Tensor& target) const override;
  [[nodiscard]] std::vector<double> sums(const at::Tensor& output,
                                         const at::Tensor& target) const override;
  [[nodiscard]] Metrics metrics(std::span<const double> sums,
                                std::int64_t num_samples) const override;
  [[nodiscard]] std::vector<std::string> metric_names() const override;
  [[nodiscard]] std::string description() const override;

 private:
  [[nodiscard]] at::Tensor targets(const ImageSplit& split) const;
  [[nodiscard]] at::Tensor target(const Head& head, const ImageSplit& split) const;

  ImageData data_;
  Scaling scaling_;
  std::vector<Head> heads_;
  at::Tensor brightness_edges_;  // [3] double, where a head asks for it
};

}  // namespace wattune::train
