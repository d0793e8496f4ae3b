#include "tasks/series_regression.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "errors.hpp"
#include "tasks/chosen_heads.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kSyntheticMinutes = 2 * 365 * 1440;
constexpr double kTrainShare = 0.7;
constexpr double kTrainAndValidationShare = 0.85;
/// Sums per head: squared error and absolute error, of the values and their squares.
constexpr std::size_t kSumsPerHead = 4;

Series read(const SeriesOptions& options) {
  if (options.file) return read_power_csv(*options.file, options.minutes_per_step);
  return make_synthetic_power(kSyntheticMinutes, options.minutes_per_step);
}

/// Windows of one part, which begin at each of its steps but the last few.
class WindowBatches final : public BatchSource {
 public:
  WindowBatches(const at::Tensor& values, const std::vector<std::int64_t>& head_columns,
                std::int64_t window, at::Device device)
      : targets_(values.narrow(0, window, values.size(0) - window)
                     .index_select(1, at::tensor(head_columns, at::kLong))
                     .to(device)),
        // Each row is a window: the same numbers, seen many times.
        windows_(values.to(device).contiguous().as_strided(
            {values.size(0) - window, window * values.size(1)}, {values.size(1), 1})),
        window_(window),
        features_(values.size(1)) {}

  [[nodiscard]] std::int64_t size() const override { return targets_.size(0); }

  Batch gather(const at::Tensor& indices) override {
    return {shaped(windows_.index_select(0, indices)), targets_.index_select(0, indices)};
  }

  Batch slice(std::int64_t first, std::int64_t count) override {
    return {shaped(windows_.narrow(0, first, count).contiguous()),
            targets_.narrow(0, first, count)};
  }

 private:
  [[nodiscard]] at::Tensor shaped(const at::Tensor& rows) const {
    return rows.view({rows.size(0), window_, features_});
  }

  at::Tensor targets_;
  at::Tensor windows_;
  std::int64_t window_;
  std::int64_t features_;
};

}  // namespace

SeriesRegression::SeriesRegression(const SeriesOptions& options)
    : is_synthetic_(!options.file),
      window_(options.window),
      minutes_per_step_(options.minutes_per_step) {
  Series series = read(options);
  std::vector<Head> known;
  for (const std::string& column : series.columns) known.push_back({column, 1});
  heads_ = chosen_heads(options.heads, known);
  for (const Head& head : heads_) {
    head_columns_.push_back(std::ranges::find(series.columns, head.name) - series.columns.begin());
  }
  values_ = at::tensor(series.values, at::kFloat).view({-1, series.num_columns()});
  for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
    if (size(part) < 1) {
      throw UsageError(fmt::format(
          "data {}: {} steps of {} min leave a part of 15 % without a window of {} steps",
          options.file ? options.file->string() : "synthetic", values_.size(0), minutes_per_step_,
          window_));
    }
  }
  standardise();
}

void SeriesRegression::standardise() {
  const at::Tensor train = values_.narrow(0, 0, steps(Part::Train).end).to(at::kDouble);
  mean_ = train.mean(0);
  standard_deviation_ = (train - mean_).square().mean(0).sqrt();
  standard_deviation_.masked_fill_(standard_deviation_.eq(0), 1);  // a column that never changes
  values_ = values_.to(at::kDouble).sub_(mean_).div_(standard_deviation_).to(at::kFloat);
}

SeriesRegression::Range SeriesRegression::steps(Part part) const {
  const auto all = static_cast<double>(values_.size(0));
  const auto first_cut = static_cast<std::int64_t>(all * kTrainShare);
  const auto second_cut = static_cast<std::int64_t>(all * kTrainAndValidationShare);
  switch (part) {
    case Part::Train:
      return {0, first_cut};
    case Part::Validation:
      return {first_cut, second_cut};
    case Part::Test:
      break;
  }
  return {second_cut, values_.size(0)};
}

std::int64_t SeriesRegression::size(Part part) const {
  const Range range = steps(part);
  return range.end - range.begin - window_;
}

std::unique_ptr<BatchSource> SeriesRegression::open(Part part, std::int64_t /*largest_batch*/,
                                                    at::Device device) const {
  const Range range = steps(part);
  return std::make_unique<WindowBatches>(values_.narrow(0, range.begin, range.end - range.begin),
                                         head_columns_, window_, device);
}

at::Tensor SeriesRegression::loss(const at::Tensor& output, const at::Tensor& target) const {
  // The mean over batch and heads, times the heads, is the sum of the heads' losses.
  const at::Tensor mean = at::mse_loss(output, target);
  return heads_.size() == 1 ? mean : mean * static_cast<double>(heads_.size());
}

std::vector<double> SeriesRegression::sums(const at::Tensor& output,
                                           const at::Tensor& target) const {
  const at::Tensor error = (output - target).to(at::kDouble);
  const at::Tensor wide = target.to(at::kDouble);
  const at::Tensor all =
      at::stack({error.square().sum(0), error.abs().sum(0), wide.sum(0), wide.square().sum(0)}, 1)
          .cpu()
          .contiguous();
  return {all.data_ptr<double>(), all.data_ptr<double>() + all.numel()};
}

Task::Metrics SeriesRegression::metrics(std::span<const double> sums,
                                        std::int64_t num_samples) const {
  const auto count = static_cast<double>(num_samples);
  const auto r2 = [&](std::size_t head) {
    const auto of_head = sums.subspan(head * kSumsPerHead, kSumsPerHead);
    const double spread = of_head[3] - of_head[2] * of_head[2] / count;
    return 1 - of_head[0] / std::max(spread, 1e-12);
  };
  const double unit = standard_deviation_[head_columns_.front()].item<double>();
  const double mse = sums[0] / count * unit * unit;
  double loss = 0;
  for (std::size_t i = 0; i < heads_.size(); ++i) loss += sums[i * kSumsPerHead] / count;
  Metrics metrics{{"mse", mse},
                  {"rmse", std::sqrt(mse)},
                  {"mae", sums[1] / count * unit},
                  {"r2", r2(0)},
                  {"loss", loss}};
  for (std::size_t i = 0; heads_.size() > 1 && i < heads_.size(); ++i) {
    metrics.emplace_back("r2_" + heads_[i].name, r2(i));
  }
  return metrics;
}

std::vector<std::string> SeriesRegression::metric_names() const {
  std::vector<std::string> names{"mse", "rmse", "mae", "r2", "loss"};
  if (heads_.size() == 1) return names;
  for (const Head& head : heads_) names.push_back("r2_" + head.name);
  return names;
}

std::string SeriesRegression::description() const {
  return fmt::format(
      R"({{"task":"series_regression","data":"{}","steps":{},"minutes_per_step":{},"window":{},)"
      R"("heads":{}}})",
      is_synthetic_ ? "synthetic" : "file", values_.size(0), minutes_per_step_, window_,
      to_json(heads_));
}

}  // namespace wattune::train
