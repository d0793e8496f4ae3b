#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "data_order.hpp"
#include "dataset.hpp"
#include "network.hpp"
#include "observer.hpp"
#include "optimizer.hpp"
#include "protocol_client.hpp"
#include "resource.hpp"
#include "schedule.hpp"

namespace wattune::train {

struct TrainerOptions {
  NetworkShape shape;
  OptimizerOptions optimizer;
  ScheduleKind schedule = ScheduleKind::Constant;
  double learning_rate = 0.05;
  std::int64_t batch_size = 64;
  std::int64_t report_every_samples = 50'000;
  std::int64_t validation_samples = 10'000;  ///< The first so many; all where there are fewer.
  std::int64_t inference_batch = 256;
  std::uint64_t seed = 1;
  at::Device device = at::kCPU;
};

enum class Ending {
  Done,      ///< A full training, or as far as the observer wanted it.
  Diverged,  ///< The training loss was not finite, and that was reported.
  Asked,     ///< The process was asked to end; a checkpoint was saved if there is a folder.
};

/// Trains one configuration for one assignment, and goes on as long as the observer says.
///
/// State after n steps is a function of (options, n) on one thread: it does not depend on reports,
/// validation, or on how often training was paused and resumed.
class Trainer {
 public:
  /// Errors   UsageError  the checkpoint to resume from is unreadable or belongs to other options
  Trainer(TrainerOptions options, Assignment assignment, const Dataset& data, Observer& observer);

  Ending run();

  [[nodiscard]] std::int64_t steps() const { return steps_; }

  /// Writes the whole state and tells the observer.
  void save_checkpoint();

 private:
  struct Evaluation {
    double accuracy;
    double loss;
  };
  enum class Passed { Yes, NotFinite, AskedToEnd };

  Passed train_until(std::int64_t due);
  void train_step();
  void collect_losses();
  std::optional<Evaluation> evaluate(BatchLoader& loader, std::int64_t count);
  bool add_validation(Report& report);
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
  const Dataset& data_;
  Observer& observer_;
  ResourceClock clock_;
  std::int64_t total_steps_;
  Network network_;
  std::unique_ptr<Optimizer> optimizer_;
  DataOrder order_;
  BatchLoader train_loader_;
  std::optional<BatchLoader> validation_loader_;
  at::Tensor indices_;
  std::vector<at::Tensor> pending_losses_;

  // What a checkpoint holds beside the tensors.
  std::int64_t steps_ = 0;
  std::int64_t reported_step_ = 0;
  std::int64_t reported_at_steps_ = 0;
  double loss_sum_ = 0;  // since the last report
  double loss_average_ = 0;
  double loss_average_weight_ = 0;
};

}  // namespace wattune::train
