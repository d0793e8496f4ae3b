#include "trainer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "checkpoint.hpp"
#include "counter_random.hpp"
#include "errors.hpp"

namespace wattune::train {
namespace {

/// The moving average of the training loss forgets with this time constant.
constexpr double kAverageSamples = 6400;
/// How many losses may wait on a GPU before they are fetched, so that steps need not wait.
constexpr std::size_t kPendingOnGpu = 16;
constexpr std::size_t kKeptCheckpoints = 2;

}  // namespace

Trainer::Trainer(TrainerOptions options, Assignment assignment, const Dataset& data,
                 Observer& observer)
    : options_(std::move(options)),
      assignment_(std::move(assignment)),
      data_(data),
      observer_(observer),
      clock_(assignment_.unit, options_.batch_size, data.train.size()),
      total_steps_(clock_.steps_until(assignment_.max)),
      network_(options_.shape, options_.seed, options_.device),
      optimizer_(make_optimizer(options_.optimizer, network_.parameters())),
      order_(options_.seed, data.train.size()),
      train_loader_(data, data.train, options_.batch_size, options_.device),
      indices_(at::empty({options_.batch_size}, at::kLong)) {
  if (assignment_.resume_from) restore(*assignment_.resume_from);
}

Ending Trainer::run() {
  observer_.info(network_.num_parameters(), network_.macs());
  std::int64_t until = assignment_.to;
  while (true) {
    const std::int64_t due =
        clock_.next_report(steps_, std::min(until, assignment_.max), assignment_.report_every,
                           options_.report_every_samples);
    const Passed passed = train_until(due);
    if (passed == Passed::NotFinite) return report_divergence();
    if (passed == Passed::AskedToEnd) return end_when_asked();

    Report report = begin_report();
    const bool is_full = steps_ >= total_steps_;
    if (!assignment_.is_probe) {
      if (!add_validation(report)) return end_when_asked();
      if (is_full && !add_final_metrics(report)) return end_when_asked();
    }
    const Answer answer = observer_.report(report);
    reported_step_ = report.step;
    reported_at_steps_ = steps_;
    loss_sum_ = 0;
    if (observer_.should_end()) return end_when_asked();
    if (answer.kind == Answer::Kind::Pause && !assignment_.is_probe) save_checkpoint();
    if (answer.kind != Answer::Kind::Continue || is_full) return Ending::Done;
    until = answer.until;
  }
}

Trainer::Passed Trainer::train_until(std::int64_t due) {
  const std::int64_t first = steps_;
  observer_.phase_begin("train");
  Passed passed = Passed::Yes;
  while (steps_ < due && passed == Passed::Yes) {
    train_step();
    if (!std::isfinite(loss_sum_)) passed = Passed::NotFinite;
    if (observer_.should_end()) passed = Passed::AskedToEnd;
  }
  collect_losses();
  if (!std::isfinite(loss_sum_)) passed = Passed::NotFinite;
  observer_.phase_end("train", (steps_ - first) * options_.batch_size);
  return passed;
}

void Trainer::train_step() {
  const std::int64_t batch = options_.batch_size;
  order_.fill(steps_ * batch, {indices_.data_ptr<std::int64_t>(), static_cast<std::size_t>(batch)});
  const auto [images, labels] = train_loader_.gather(indices_.to(options_.device));
  if (options_.shape.dropout > 0) {
    at::Generator generator = at::globalContext().defaultGenerator(options_.device);
    const std::lock_guard lock(generator.mutex());
    CounterRandom random(options_.seed, Stream::Dropout, static_cast<std::uint64_t>(steps_));
    generator.set_current_seed(random.next());
  }
  network_.parameters().gradients.zero_();
  const at::Tensor loss = at::cross_entropy_loss(network_.forward(images, true), labels);
  loss.backward();
  const double rate =
      learning_rate(options_.schedule, options_.learning_rate, steps_, total_steps_);
  ++steps_;
  optimizer_->step(steps_, rate);
  pending_losses_.push_back(loss.detach());
  if (pending_losses_.size() >= (options_.device.is_cpu() ? 1 : kPendingOnGpu)) collect_losses();
}

void Trainer::collect_losses() {
  if (pending_losses_.empty()) return;
  const at::Tensor losses = at::stack(pending_losses_).cpu();
  pending_losses_.clear();
  const double kept = std::exp(-static_cast<double>(options_.batch_size) / kAverageSamples);
  for (std::int64_t i = 0; i < losses.size(0); ++i) {
    const double loss = losses.data_ptr<float>()[i];
    loss_sum_ += loss;
    loss_average_ = kept * loss_average_ + (1 - kept) * loss;
    loss_average_weight_ = kept * loss_average_weight_ + (1 - kept);
  }
}

Report Trainer::begin_report() {
  const std::int64_t num_steps = steps_ - reported_at_steps_;
  Report report;
  report.step = std::max(clock_.position(steps_), reported_step_ + 1);
  report.samples = num_steps * options_.batch_size;
  report.metrics = {{"train_loss", loss_sum_ / static_cast<double>(num_steps)}};
  if (assignment_.is_probe) return report;
  report.metrics.emplace_back("train_loss_ema", loss_average_ / loss_average_weight_);
  report.metrics.emplace_back(
      "learning_rate",
      learning_rate(options_.schedule, options_.learning_rate, steps_ - 1, total_steps_));
  return report;
}

bool Trainer::add_validation(Report& report) {
  if (!validation_loader_) {
    validation_loader_.emplace(data_, data_.validation, options_.inference_batch, options_.device);
  }
  const bool is_full_training = steps_ >= total_steps_;
  const std::int64_t count =
      is_full_training ? validation_loader_->size()
                       : std::min(options_.validation_samples, validation_loader_->size());
  observer_.phase_begin("validate");
  const std::optional<Evaluation> result = evaluate(*validation_loader_, count);
  observer_.phase_end("validate", result ? count : 0);
  if (!result) return false;
  report.metrics.emplace_back("val_accuracy", result->accuracy);
  report.metrics.emplace_back("val_loss", result->loss);
  return true;
}

bool Trainer::add_final_metrics(Report& report) {
  if (!measure_inference()) return false;
  observer_.phase_begin("test");
  const Split test = data_.read_test();
  BatchLoader loader(data_, test, options_.inference_batch, options_.device);
  const std::optional<Evaluation> result = evaluate(loader, loader.size());
  observer_.phase_end("test", result ? loader.size() : 0);
  if (!result) return false;
  report.metrics.emplace_back("test_accuracy", result->accuracy);
  report.metrics.emplace_back("test_loss", result->loss);
  return true;
}

/// Runs the network alone over whole batches of validation images, as a deployed model would run.
bool Trainer::measure_inference() {
  at::NoGradGuard no_grad;
  BatchLoader& loader = *validation_loader_;
  const std::int64_t batch = std::min(options_.inference_batch, loader.size());
  const std::int64_t num_batches = loader.size() / batch;
  observer_.phase_begin("inference");
  at::Tensor logits;
  bool asked_to_end = false;
  std::int64_t done = 0;
  for (; done < num_batches && !asked_to_end; ++done) {
    logits = network_.forward(loader.slice(done * batch, batch).images, false);
    asked_to_end = observer_.should_end();
  }
  logits.sum().item<float>();  // a GPU has finished when its result is here
  observer_.phase_end("inference", done * batch);
  return !asked_to_end;
}

std::optional<Trainer::Evaluation> Trainer::evaluate(BatchLoader& loader, std::int64_t count) {
  at::NoGradGuard no_grad;
  std::int64_t num_right = 0;
  double loss_sum = 0;
  for (std::int64_t first = 0; first < count; first += options_.inference_batch) {
    if (observer_.should_end()) return std::nullopt;
    const auto [images, labels] =
        loader.slice(first, std::min(options_.inference_batch, count - first));
    const at::Tensor logits = network_.forward(images, false);
    num_right += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
    loss_sum += at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
  }
  return Evaluation{static_cast<double>(num_right) / static_cast<double>(count),
                    loss_sum / static_cast<double>(count)};
}

Ending Trainer::report_divergence() {
  Report report = begin_report();
  report.metrics = {{"train_loss", std::numeric_limits<double>::quiet_NaN()}};
  observer_.report(report);
  return Ending::Diverged;
}

Ending Trainer::end_when_asked() {
  if (assignment_.checkpoint_dir && !assignment_.is_probe) save_checkpoint();
  return Ending::Asked;
}

std::vector<NamedTensor> Trainer::state() const {
  std::vector<NamedTensor> tensors{
      {"parameters", const_cast<Network&>(network_).parameters().values}};
  for (const NamedTensor& entry : optimizer_->state()) tensors.push_back(entry);
  for (const NamedTensor& entry : network_.buffers()) tensors.push_back(entry);
  return tensors;
}

void Trainer::save_checkpoint() {
  if (!assignment_.checkpoint_dir) {
    throw std::runtime_error("told to pause, but there is no checkpoint folder");
  }
  Checkpoint checkpoint;
  checkpoint.meta = {{"fingerprint", fingerprint()},
                     {"steps", steps_},
                     {"reported_step", reported_step_},
                     {"reported_at_steps", reported_at_steps_},
                     {"loss_sum", loss_sum_},
                     {"loss_average", loss_average_},
                     {"loss_average_weight", loss_average_weight_}};
  checkpoint.tensors = state();
  const std::int64_t step = clock_.position(steps_);
  const std::filesystem::path path = checkpoint_path(*assignment_.checkpoint_dir, step);
  write_checkpoint(path, checkpoint);
  observer_.checkpoint(step, path);
  remove_old_checkpoints(*assignment_.checkpoint_dir, kKeptCheckpoints);
}

void Trainer::restore(const std::filesystem::path& path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const std::string written_by = checkpoint.meta.at("fingerprint");
  if (written_by != fingerprint()) {
    throw UsageError(fmt::format("checkpoint {} was written with other options: {} there, {} here",
                                 path.string(), written_by, fingerprint()));
  }
  steps_ = checkpoint.meta.at("steps");
  reported_step_ = checkpoint.meta.at("reported_step");
  reported_at_steps_ = checkpoint.meta.at("reported_at_steps");
  loss_sum_ = checkpoint.meta.at("loss_sum");
  loss_average_ = checkpoint.meta.at("loss_average");
  loss_average_weight_ = checkpoint.meta.at("loss_average_weight");
  const std::vector<NamedTensor> targets = state();
  if (targets.size() != checkpoint.tensors.size()) {
    throw UsageError(fmt::format("checkpoint {} holds {} tensors; {} are needed", path.string(),
                                 checkpoint.tensors.size(), targets.size()));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    at::Tensor target = targets[i].tensor;
    target.copy_(checkpoint.tensors[i].tensor);
  }
}

/// Everything that must be the same for a resumed training to be the same training.
std::string Trainer::fingerprint() const {
  const NetworkShape& shape = options_.shape;
  const OptimizerOptions& optimizer = options_.optimizer;
  const bool is_sgd = optimizer.kind == OptimizerKind::Sgd;
  return fmt::format(
      "seed={} data={}x{}x{} blocks=[{}] kernel={} batch_norm={} hidden=[{}] dropout={} "
      "optimizer={} momentum={} nesterov={} betas={},{} weight_decay={} schedule={} lr={} batch={} "
      "total_steps={}",
      options_.seed, data_.train.size(), shape.height, shape.width,
      fmt::join(shape.block_channels, ","), shape.kernel, shape.batch_norm,
      fmt::join(shape.hidden, ","), shape.dropout, static_cast<int>(optimizer.kind),
      is_sgd ? optimizer.momentum : 0, is_sgd && optimizer.nesterov, optimizer.beta1,
      optimizer.beta2, optimizer.weight_decay, static_cast<int>(options_.schedule),
      options_.learning_rate, options_.batch_size,
      options_.schedule == ScheduleKind::Constant ? 0 : total_steps_);
}

}  // namespace wattune::train
