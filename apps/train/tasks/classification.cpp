#include "tasks/classification.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "errors.hpp"
#include "tasks/chosen_heads.hpp"

namespace wattune::train {
namespace {

const std::vector<Head>& known_heads() {
  static const std::vector<Head> heads{
      {"label", ImageData::kNumClasses}, {"parity", 2}, {"brightness", 4}};
  return heads;
}

at::Tensor mean_pixels(const ImageSplit& split) {
  return split.images.to(at::kFloat).mean(1).to(at::kDouble);
}

}  // namespace

Classification::Classification(const ClassificationOptions& options)
    : data_(options.folder, options.scaling),
      scaling_(options.scaling),
      heads_(chosen_heads(options.heads, known_heads())) {
  for (const Head& head : heads_) {
    if (head.name != "brightness") continue;
    const at::Tensor sorted = std::get<0>(mean_pixels(data_.train).sort());
    const std::int64_t count = data_.train.size();
    brightness_edges_ =
        sorted.index_select(0, at::tensor({count / 4, count / 2, 3 * count / 4}, at::kLong));
  }
}

at::Tensor Classification::target(const Head& head, const ImageSplit& split) const {
  if (head.name == "label") return split.labels;
  if (head.name == "parity") return split.labels.remainder(2);
  return at::bucketize(mean_pixels(split), brightness_edges_);
}

at::Tensor Classification::targets(const ImageSplit& split) const {
  if (heads_.size() == 1) return target(heads_.front(), split);
  std::vector<at::Tensor> columns;
  for (const Head& head : heads_) columns.push_back(target(head, split));
  return at::stack(columns, 1);
}

std::unique_ptr<BatchSource> Classification::open(Part part, std::int64_t largest_batch,
                                                  at::Device device) const {
  const ImageSplit test = part == Part::Test ? data_.read_test() : ImageSplit{};
  const ImageSplit& split = part == Part::Train        ? data_.train
                            : part == Part::Validation ? data_.validation
                                                       : test;
  return std::make_unique<ImageBatches>(data_, split.images, targets(split), largest_batch, device);
}

at::Tensor Classification::loss(const at::Tensor& output, const at::Tensor& target) const {
  if (heads_.size() == 1) return at::cross_entropy_loss(output, target);
  at::Tensor sum;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < heads_.size(); first += heads_[i].size, ++i) {
    const at::Tensor loss =
        at::cross_entropy_loss(output.narrow(1, first, heads_[i].size),
                               target.select(1, static_cast<std::int64_t>(i)).contiguous());
    sum = sum.defined() ? sum + loss : loss;
  }
  return sum;
}

/// Per head: how many are right, and the sum of the losses.
std::vector<double> Classification::sums(const at::Tensor& output, const at::Tensor& target) const {
  std::vector<double> sums;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < heads_.size(); first += heads_[i].size, ++i) {
    const at::Tensor logits = output.narrow(1, first, heads_[i].size);
    const at::Tensor labels =
        heads_.size() == 1 ? target : target.select(1, static_cast<std::int64_t>(i)).contiguous();
    sums.push_back(static_cast<double>(logits.argmax(1).eq(labels).sum().item<std::int64_t>()));
    sums.push_back(at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>());
  }
  return sums;
}

Task::Metrics Classification::metrics(std::span<const double> sums,
                                      std::int64_t num_samples) const {
  const auto count = static_cast<double>(num_samples);
  double loss = 0;
  for (std::size_t i = 0; i < heads_.size(); ++i) loss += sums[2 * i + 1];
  Metrics metrics{{"accuracy", sums[0] / count}, {"loss", loss / count}};
  for (std::size_t i = 0; heads_.size() > 1 && i < heads_.size(); ++i) {
    metrics.emplace_back("accuracy_" + heads_[i].name, sums[2 * i] / count);
  }
  return metrics;
}

std::vector<std::string> Classification::metric_names() const {
  std::vector<std::string> names{"accuracy", "loss"};
  if (heads_.size() == 1) return names;
  for (const Head& head : heads_) names.push_back("accuracy_" + head.name);
  return names;
}

std::string Classification::description() const {
  return fmt::format(R"({{"task":"classification","samples":{},"scaling":"{}","heads":{}}})",
                     data_.train.size(), scaling_ == Scaling::Unit ? "unit" : "standard",
                     to_json(heads_));
}

}  // namespace wattune::train
