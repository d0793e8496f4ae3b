#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/batch_source.hpp"
#include "models/model.hpp"

namespace wattune::train {

enum class Part { Train, Validation, Test };

/// What is to be learnt: samples in three parts, a loss, and metrics.
class Task {
 public:
  using Metrics = std::vector<std::pair<std::string, double>>;

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  /// Samples of the training part.
  [[nodiscard]] virtual std::int64_t num_train() const = 0;

  /// What a model is asked to tell.
  [[nodiscard]] virtual const std::vector<Head>& heads() const = 0;

  /// Moves a part to the device. Data of the test part are not read before they are asked for.
  ///
  /// Takes    largest_batch  no batch will hold more samples
  /// Errors   UsageError  naming the file and what is wrong
  [[nodiscard]] virtual std::unique_ptr<BatchSource> open(Part part, std::int64_t largest_batch,
                                                          at::Device device) const = 0;

  /// Mean over the batch; the losses of several heads are added.
  [[nodiscard]] virtual at::Tensor loss(const at::Tensor& output,
                                        const at::Tensor& target) const = 0;

  /// Sums over a batch that `metrics` needs. Those of several batches are added.
  [[nodiscard]] virtual std::vector<double> sums(const at::Tensor& output,
                                                 const at::Tensor& target) const = 0;

  /// Metrics of `num_samples` samples, the most telling first; "loss" is among them.
  [[nodiscard]] virtual Metrics metrics(std::span<const double> sums,
                                        std::int64_t num_samples) const = 0;

  /// What `metrics` tells of.
  [[nodiscard]] virtual std::vector<std::string> metric_names() const = 0;

  /// Everything that makes the data what they are, for comparison with a checkpoint.
  [[nodiscard]] virtual std::string description() const = 0;

  /// What a user of the model needs beside it, such as a vocabulary; null: nothing.
  [[nodiscard]] virtual nlohmann::json companion() const { return nullptr; }

  /// Numbers that no data were measured for: a generator of ours made them.
  [[nodiscard]] virtual bool is_synthetic() const { return false; }

 protected:
  Task() = default;
};

/// Is a higher value of the metric better?
bool is_higher_better(const std::string& metric);

}  // namespace wattune::train
