#include "training/trainer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "errors.hpp"
#include "training/checkpoint.hpp"
#include "training/counter_random.hpp"
#include "training/memory.hpp"
#include "training/saved_model.hpp"
#include "training/sparsity.hpp"

namespace wattune::train {
namespace {

/// The moving average of the training loss forgets with this time constant.
constexpr double kAverageSamples = 6400;
/// How many losses may wait on a GPU before they are fetched, so that steps need not wait.
constexpr std::size_t kPendingOnGpu = 16;
constexpr std::size_t kKeptCheckpoints = 2;

}  // namespace

Trainer::Trainer(TrainerOptions options, Assignment assignment, const Task& task, Model& model,
                 Observer& observer)
    : options_(std::move(options)),
      assignment_(std::move(assignment)),
      task_(task),
      model_(model),
      observer_(observer),
      clock_(assignment_.unit, options_.batch_size, task.num_train()),
      total_steps_(clock_.steps_until(assignment_.max)),
      optimizer_(make_optimizer(options_.optimizer, model.parameters().trained())),
      order_(options_.order, options_.seed, task.num_train(), options_.batch_size),
      stop_rules_(options_.stop, task.metric_names()),
      train_source_(task.open(Part::Train, options_.batch_size, options_.device)),
      indices_(at::empty({options_.batch_size}, at::kLong)) {
  if (options_.report_every_samples == 0) options_.report_every_samples = task.num_train();
  if (assignment_.resume_from) restore(*assignment_.resume_from);
}

Ending Trainer::run() {
  tell_facts();
  std::int64_t until = assignment_.to;
  while (true) {
    const std::int64_t due =
        clock_.next_report(steps_, std::min(until, assignment_.max), assignment_.report_every,
                           options_.report_every_samples);
    const Passed passed = train_until(due);
    if (passed == Passed::NotFinite) return report_divergence();
    if (passed == Passed::AskedToEnd) return end_when_asked();

    Report report = begin_report();
    bool is_last = steps_ >= total_steps_;
    if (!assignment_.is_probe) {
      const auto validation = add_validation(report);
      if (!validation) return end_when_asked();
      if (stop_rules_.look(*validation)) is_last = true;
      if (is_last && !add_final_metrics(report)) return end_when_asked();
    }
    tell_memory();
    const Answer answer = observer_.report(report);
    reported_step_ = report.step;
    reported_at_steps_ = steps_;
    loss_sum_ = 0;
    is_finished_ = is_last;
    if (observer_.should_end()) return end_when_asked();
    if (answer.kind == Answer::Kind::Pause && !assignment_.is_probe) save_checkpoint();
    if (answer.kind != Answer::Kind::Continue || is_last) return Ending::Done;
    until = answer.until;
  }
}

void Trainer::tell_facts() {
  // A multiply-accumulate is two operations.
  const Parameters& parameters = model_.parameters();
  Facts facts{{"parameters", parameters.count()}, {"flops", 2 * model_.macs()}};
  if (parameters.trained_count() != parameters.count()) {
    facts.emplace_back("trained_parameters", parameters.trained_count());
  }
  if (task_.is_synthetic()) facts.emplace_back("synthetic_data", 1);
  observer_.info(facts);
}

/// Tells the peak again where it has grown by more than a sixteenth.
void Trainer::tell_memory() {
  const std::int64_t peak = peak_memory_bytes(options_.device);
  if (peak <= told_memory_ + told_memory_ / 16) return;
  told_memory_ = peak;
  observer_.info({{"peak_memory_bytes", peak}});
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
  const auto [input, target] = train_source_->gather(indices_.to(options_.device));
  {
    // Dropout then depends on the step alone, not on what was drawn before.
    at::Generator generator = at::globalContext().defaultGenerator(options_.device);
    const std::lock_guard lock(generator.mutex());
    CounterRandom random(options_.seed, Stream::Dropout, static_cast<std::uint64_t>(steps_));
    generator.set_current_seed(random.next());
  }
  model_.parameters().clear_gradients();
  const bool is_penalised = options_.sparsity && options_.sparsity->lambda > 0;
  if (is_penalised) model_.watch_activations(&activations_);
  const at::Tensor loss = task_.loss(model_.forward(input, true), target);
  model_.watch_activations(nullptr);
  objective(loss).backward();
  activations_.clear();
  model_.parameters().collect_gradients();
  const double rate =
      learning_rate(options_.schedule, options_.learning_rate, steps_, total_steps_);
  ++steps_;
  optimizer_->step(steps_, rate);
  model_.parameters().publish();
  pending_losses_.push_back(loss.detach());
  if (pending_losses_.size() >= (options_.device.is_cpu() ? 1 : kPendingOnGpu)) collect_losses();
}

/// What is minimised; what is reported is the task's loss alone.
at::Tensor Trainer::objective(const at::Tensor& loss) {
  if (activations_.empty()) return loss;
  return loss +
         sparsity_penalty(activations_, options_.sparsity->sigma) * options_.sparsity->lambda;
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

std::optional<Task::Metrics> Trainer::add_validation(Report& report) {
  if (!validation_source_) {
    validation_source_ = task_.open(Part::Validation, options_.inference_batch, options_.device);
  }
  const bool is_full_training = steps_ >= total_steps_;
  const std::int64_t count =
      is_full_training ? validation_source_->size()
                       : std::min(options_.validation_samples, validation_source_->size());
  ActivationCounts activations;
  observer_.phase_begin("validate");
  auto metrics = evaluate(*validation_source_, count, options_.sparsity ? &activations : nullptr);
  observer_.phase_end("validate", metrics ? count : 0);
  if (!metrics) return std::nullopt;
  for (const auto& [name, value] : *metrics) report.metrics.emplace_back("val_" + name, value);
  if (activations.all > 0) {
    report.metrics.emplace_back("activation_density", activations.density());
  }
  return metrics;
}

bool Trainer::add_final_metrics(Report& report) {
  if (!measure_inference()) return false;
  observer_.phase_begin("test");
  const auto source = task_.open(Part::Test, options_.inference_batch, options_.device);
  const auto metrics = evaluate(*source, source->size(), nullptr);
  observer_.phase_end("test", metrics ? source->size() : 0);
  if (!metrics) return false;
  for (const auto& [name, value] : *metrics) report.metrics.emplace_back("test_" + name, value);
  for (const auto& word : stop_rules_.last_words()) report.metrics.push_back(word);
  return true;
}

/// Runs the model alone over whole batches of validation samples, as a deployed model would run.
bool Trainer::measure_inference() {
  at::NoGradGuard no_grad;
  BatchSource& source = *validation_source_;
  const std::int64_t batch = std::min(options_.inference_batch, source.size());
  const std::int64_t num_batches = source.size() / batch;
  observer_.phase_begin("inference");
  at::Tensor output;
  bool asked_to_end = false;
  std::int64_t done = 0;
  for (; done < num_batches && !asked_to_end; ++done) {
    output = model_.forward(source.slice(done * batch, batch).input, false);
    asked_to_end = observer_.should_end();
  }
  output.sum().item<float>();  // a GPU has finished when its result is here
  observer_.phase_end("inference", done * batch);
  return !asked_to_end;
}

/// Nothing where the process was asked to end.
std::optional<Task::Metrics> Trainer::evaluate(BatchSource& source, std::int64_t count,
                                               ActivationCounts* activations) {
  at::NoGradGuard no_grad;
  std::vector<double> sums;
  for (std::int64_t first = 0; first < count; first += options_.inference_batch) {
    if (observer_.should_end()) return std::nullopt;
    const auto [input, target] =
        source.slice(first, std::min(options_.inference_batch, count - first));
    if (activations != nullptr) model_.watch_activations(&activations_);
    const at::Tensor output = model_.forward(input, false);
    model_.watch_activations(nullptr);
    if (activations != nullptr) activations->add(activations_);
    activations_.clear();
    const std::vector<double> of_batch = task_.sums(output, target);
    sums.resize(of_batch.size());
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += of_batch[i];
  }
  return task_.metrics(sums, count);
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
  std::vector<NamedTensor> tensors = learnt_tensors(model_);
  for (const NamedTensor& entry : optimizer_->state()) tensors.push_back(entry);
  return tensors;
}

void Trainer::save_checkpoint() {
  if (!assignment_.checkpoint_dir) {
    throw std::runtime_error("told to pause, but there is no checkpoint folder");
  }
  Checkpoint checkpoint;
  checkpoint.meta = {{"model", model_facts(model_, task_)},
                     {"fingerprint", fingerprint()},
                     {"steps", steps_},
                     {"reported_step", reported_step_},
                     {"reported_at_steps", reported_at_steps_},
                     {"loss_sum", loss_sum_},
                     {"loss_average", loss_average_},
                     {"loss_average_weight", loss_average_weight_},
                     {"stop_rules", stop_rules_.state()}};
  checkpoint.tensors = state();
  const std::int64_t step = clock_.position(steps_);
  const std::filesystem::path path = checkpoint_path(*assignment_.checkpoint_dir, step);
  write_checkpoint(path, checkpoint);
  observer_.checkpoint(step, path);
  remove_old_checkpoints(*assignment_.checkpoint_dir, kKeptCheckpoints);
}

void Trainer::restore(const std::filesystem::path& path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const std::string written_by = checkpoint.meta.value("fingerprint", "no training");
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
  stop_rules_.restore(checkpoint.meta.at("stop_rules"));
  const std::vector<NamedTensor> targets = state();
  if (targets.size() != checkpoint.tensors.size()) {
    throw UsageError(fmt::format("checkpoint {} holds {} tensors; {} are needed", path.string(),
                                 checkpoint.tensors.size(), targets.size()));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    at::Tensor target = targets[i].tensor;
    target.copy_(checkpoint.tensors[i].tensor);
  }
  model_.parameters().publish();
}

/// Everything that must be the same for a resumed training to be the same training.
std::string Trainer::fingerprint() const {
  const OptimizerOptions& optimizer = options_.optimizer;
  const bool is_sgd = optimizer.kind == OptimizerKind::Sgd;
  const SparsityOptions sparsity = options_.sparsity.value_or(SparsityOptions{});
  return fmt::format(
      "seed={} data={} model={} trained={} precision={} optimizer={} momentum={} nesterov={} "
      "betas={},{} epsilon={} inert_beta2={} weight_decay={} schedule={} lr={} batch={} order={} "
      "sparsity={},{} total_steps={}",
      options_.seed, task_.description(), model_.description(), model_.parameters().trained_count(),
      static_cast<int>(model_.precision()), static_cast<int>(optimizer.kind),
      is_sgd ? optimizer.momentum : 0, is_sgd && optimizer.nesterov, optimizer.beta1,
      optimizer.beta2, optimizer.epsilon, optimizer.is_beta2_inert, optimizer.weight_decay,
      static_cast<int>(options_.schedule), options_.learning_rate, options_.batch_size,
      static_cast<int>(options_.order), sparsity.lambda, sparsity.sigma,
      options_.schedule == ScheduleKind::Constant ? 0 : total_steps_);
}

}  // namespace wattune::train
