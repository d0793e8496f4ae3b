#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/data_order.hpp"
#include "models/model.hpp"
#include "protocol/observer.hpp"
#include "protocol/protocol_client.hpp"
#include "tasks/task.hpp"
#include "training/optimizer.hpp"
#include "training/resource.hpp"
#include "training/schedule.hpp"
#include "training/sparsity.hpp"
#include "training/stop_rules.hpp"

namespace wattune::train {

/// A penalty on activations that are not zero; its effect on them is reported.
struct SparsityOptions {
  double lambda = 0;
  double sigma = 1e-4;
};

struct TrainerOptions {
  OptimizerOptions optimizer;
  ScheduleKind schedule = ScheduleKind::Constant;
  double learning_rate = 0.05;
  std::int64_t batch_size = 64;
  OrderKind order = OrderKind::Shuffled;
  std::int64_t report_every_samples = 0;     ///< 0: once an epoch.
  std::int64_t validation_samples = 10'000;  ///< The first so many; all where there are fewer.
  std::int64_t inference_batch = 256;
  std::optional<SparsityOptions> sparsity = {};
  StopOptions stop = {};
  std::uint64_t seed = 1;
  at::Device device = at::kCPU;
};

enum class Ending {
  Done,      ///< A full training, or as far as the observer wanted it.
  Diverged,  ///< The training loss was not finite, and that was reported.
  Asked,     ///< The process was asked to end; a checkpoint was saved if there is a folder.
};

/// Trains a model at a task for one assignment, and goes on as long as the observer says.
///
/// State after n steps is a function of (options, n) on one thread: it does not depend on reports,
/// validation, or on how often training was paused and resumed.
class Trainer {
 public:
  /// Takes    model, task, observer  outlive the trainer
  /// Errors   UsageError  the checkpoint to resume from is unreadable or belongs to other options
  Trainer(TrainerOptions options, Assignment assignment, const Task& task, Model& model,
          Observer& observer);

  Ending run();

  [[nodiscard]] std::int64_t steps() const { return steps_; }

  /// The training has come to its end: its bound, its target, or the end of its patience.
  [[nodiscard]] bool is_finished() const { return is_finished_; }

  /// Writes the whole state and tells the observer.
  void save_checkpoint();

 private:
  enum class Passed { Yes, NotFinite, AskedToEnd };

  void tell_facts();
  void tell_memory();
  Passed train_until(std::int64_t due);
  void train_step();
  at::Tensor objective(const at::Tensor& loss);
  void collect_losses();
  std::optional<Task::Metrics> evaluate(BatchSource& source, std::int64_t count,
                                        ActivationCounts* activations);
  std::optional<Task::Metrics> add_validation(Report& report);
  bool add_final_metrics(Report& report);
  bool measure_inference();
  void restore(const std::filesystem::path& path);
  [[nodiscard]] std::vector<NamedTensor> state() const;
  [[nodiscard]] std::string fingerprint() const;
  Report begin_report();
  Ending report_divergence();
  Ending end_when_asked();

  TrainerOptions options_;
  Assignment assignment_;
  const Task& task_;
  Model& model_;
  Observer& observer_;
  ResourceClock clock_;
  std::int64_t total_steps_;
  std::unique_ptr<Optimizer> optimizer_;
  DataOrder order_;
  StopRules stop_rules_;
  std::unique_ptr<BatchSource> train_source_;
  std::unique_ptr<BatchSource> validation_source_;
  at::Tensor indices_;
  std::vector<at::Tensor> pending_losses_;
  std::vector<at::Tensor> activations_;
  bool is_finished_ = false;
  std::int64_t told_memory_ = 0;

  // What a checkpoint holds beside the tensors.
  std::int64_t steps_ = 0;
  std::int64_t reported_step_ = 0;
  std::int64_t reported_at_steps_ = 0;
  double loss_sum_ = 0;  // since the last report
  double loss_average_ = 0;
  double loss_average_weight_ = 0;
};

}  // namespace wattune::train
