#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/power_series.hpp"
#include "tasks/task.hpp"

namespace wattune::train {

struct SeriesOptions {
  std::optional<std::filesystem::path> file;  ///< Absent: the synthetic series.
  std::int64_t minutes_per_step = 60;
  std::int64_t window = 24;
  std::vector<std::string> heads = {"global_active_power"};
};

/// Telling the next step of a time series from a window of all its columns, by squared error.
///
/// The series is cut in time: 70 % for training, 15 % for validation, the last 15 % for the test.
/// No window reaches across a cut. Columns are standardised by the training part.
///
/// Heads are columns. Metrics, of the first head and in its own unit: mse, rmse, mae, r2; loss is
/// the squared error in standard deviations, summed over heads; with several heads r2_<head>.
///
/// Errors   UsageError  an unknown head, a file that cannot be read, or one that is too short
class SeriesRegression final : public Task {
 public:
  explicit SeriesRegression(const SeriesOptions& options);

  [[nodiscard]] std::int64_t num_features() const { return values_.size(1); }
  /// Windows of a part.
  [[nodiscard]] std::int64_t size(Part part) const;

  [[nodiscard]] std::int64_t num_train() const override { return size(Part::Train); }
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
  [[nodiscard]] bool is_synthetic() const override { return is_synthetic_; }

 private:
  struct Range {
    std::int64_t begin, end;
  };
  [[nodiscard]] Range steps(Part part) const;
  void standardise();

  bool is_synthetic_;
  std::int64_t window_;
  std::int64_t minutes_per_step_;
  at::Tensor values_;  // [steps x columns] float, standardised
  at::Tensor mean_;    // [columns] double, of the training part
  at::Tensor standard_deviation_;
  std::vector<Head> heads_;
  std::vector<std::int64_t> head_columns_;
};

}  // namespace wattune::train
