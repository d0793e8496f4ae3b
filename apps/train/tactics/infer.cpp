#include "tactics/infer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "errors.hpp"
#include "tactics/flops.hpp"
#include "tactics/repetitions.hpp"

namespace wattune::train {
namespace {

using torch::jit::Module;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_time_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A model in use: the inputs of one pass cut into batches.
class Use {
 public:
  Use(const InferOptions& options, const at::Tensor& samples) {
    const std::int64_t batch = std::min(options.batch_size, samples.size(0));
    const std::int64_t wanted = std::max(options.samples, batch);
    const std::int64_t num_batches =
        std::max<std::int64_t>(1, std::min(wanted, samples.size(0)) / batch);
    for (std::int64_t i = 0; i < num_batches; ++i) {
      batches_.push_back({samples.narrow(0, i * batch, batch)});
    }
    samples_per_pass_ = num_batches * batch;
  }

  [[nodiscard]] const std::vector<c10::IValue>& first_batch() const { return batches_.front(); }
  [[nodiscard]] std::int64_t samples_per_pass() const { return samples_per_pass_; }

  void convert_to(at::ScalarType type) {
    for (std::vector<c10::IValue>& batch : batches_) {
      if (batch[0].toTensor().is_floating_point()) batch[0] = batch[0].toTensor().to(type);
    }
  }

  void pass(Module& module) const {
    for (const std::vector<c10::IValue>& batch : batches_) module.forward(batch);
  }

 private:
  std::vector<std::vector<c10::IValue>> batches_;
  std::int64_t samples_per_pass_ = 0;
};

/// One run of the command, so that its steps share what they know.
class Inference {
 public:
  Inference(const InferOptions& options, Observer& observer)
      : options_(options),
        observer_(observer),
        model_(read_torchscript(options.model)),
        inputs_(make_inputs(options.inputs, model_.facts)),
        use_(options, inputs_.samples) {}

  InferEnding run() {
    const at::NoGradGuard no_grad;
    describe_original();
    optimize();
    observer_.phase_begin("warm_up");
    std::int64_t passes = 0;
    while (passes < options_.warm_up && !observer_.should_end()) {
      use_.pass(changed_.module);
      ++passes;
    }
    observer_.phase_end("warm_up", passes * use_.samples_per_pass());
    for (std::int64_t i = 0; i < options_.repetitions; ++i) {
      if (!rest() || !repeat()) return InferEnding::Asked;
    }
    if (!validate()) return InferEnding::Asked;
    tell();
    return InferEnding::Done;
  }

 private:
  /// Outputs, size and operations of the model before anything is done to it.
  void describe_original() {
    try {
      const c10::IValue output = model_.module.forward(use_.first_batch());
      if (output.isTensor()) reference_ = output.toTensor().to(at::kFloat).clone();
    } catch (const std::exception& error) {
      throw UsageError(fmt::format("model file {}: it does not take {}: {}",
                                   options_.model.string(), inputs_.words, first_line(error)));
    }
    parameters_ = count_parameters(model_.module);
    try {
      const Tape tape = record_tape(model_.module, use_.first_batch());
      flops_ = forward_flops(tape);
    } catch (const std::exception&) {
      flops_ = std::nullopt;  // its code cannot be looked into: not known
    }
    if (flops_) {
      const auto batch = static_cast<double>(use_.first_batch()[0].toTensor().size(0));
      *flops_ /= batch;
      observer_.info({{"parameters", parameters_.all}, {"flops", std::llround(*flops_)}});
    }
  }

  void optimize() {
    observer_.phase_begin("optimize");
    const double began = now_s();
    changed_ = apply_tactic(options_.tactic, options_.amount, model_.module, use_.first_batch());
    if (changed_.takes_bfloat16) use_.convert_to(at::kBFloat16);
    c10::IValue output;
    try {
      output = changed_.module.forward(use_.first_batch());
    } catch (const std::exception& error) {
      throw NotSupported(fmt::format(
          "{}: {}", tactic_names()[static_cast<std::size_t>(options_.tactic)], first_line(error)));
    }
    optimize_s_ = now_s() - began;
    observer_.phase_end("optimize", 0);
    if (reference_ && output.isTensor()) {
      const at::Tensor difference = output.toTensor().to(at::kFloat) - *reference_;
      const double scale = reference_->norm().item<double>();
      if (scale > 0) output_error_ = difference.norm().item<double>() / scale;
    }
    if (options_.save) write_torchscript(*options_.save, changed_.module, model_.facts);
  }

  /// The pause before a repetition; false where somebody wants the end.
  bool rest() {
    if (options_.cool_down > 0) {
      observer_.phase_begin("cool_down");
      const double until = now_s() + options_.cool_down;
      while (now_s() < until && !observer_.should_end()) {
        const double left = std::min(0.1, until - now_s());
        std::this_thread::sleep_for(std::chrono::duration<double>(std::max(0.0, left)));
      }
      observer_.phase_end("cool_down", 0);
    }
    return !observer_.should_end();
  }

  bool repeat() {
    observer_.phase_begin("inference");
    const double began = now_s();
    const double cpu_began = cpu_time_s();
    std::int64_t samples = 0;
    bool is_asked = false;
    do {
      use_.pass(changed_.module);
      samples += use_.samples_per_pass();
      is_asked = observer_.should_end();
    } while (!is_asked && now_s() - began < options_.min_seconds);
    const double took = now_s() - began;
    const double cpu = cpu_time_s() - cpu_began;
    observer_.phase_end("inference", samples);
    seconds_per_sample_.push_back(took / static_cast<double>(samples));
    wall_s_ += took;
    cpu_s_ += cpu;
    return !is_asked;
  }

  bool validate() {
    if (!inputs_.labels) return true;
    const std::int64_t count = inputs_.samples.size(0);
    observer_.phase_begin("validate");
    std::int64_t num_right = 0;
    std::int64_t first = 0;
    for (; first < count && !observer_.should_end(); first += options_.batch_size) {
      const std::int64_t batch = std::min(options_.batch_size, count - first);
      at::Tensor images = inputs_.samples.narrow(0, first, batch);
      if (changed_.takes_bfloat16) images = images.to(at::kBFloat16);
      num_right +=
          count_right(changed_.module.forward({images}), inputs_.labels->narrow(0, first, batch));
    }
    observer_.phase_end("validate", std::min(first, count));
    if (first < count) return false;
    accuracy_ = static_cast<double>(num_right) / static_cast<double>(count);
    return true;
  }

  [[nodiscard]] std::int64_t count_right(const c10::IValue& output,
                                         const at::Tensor& labels) const {
    if (!output.isTensor() || output.toTensor().dim() != 2 ||
        output.toTensor().size(0) != labels.size(0)) {
      throw UsageError(fmt::format(
          "model file {}: its output is no table of one row a sample and one column a class; "
          "without --data no accuracy is asked for",
          options_.model.string()));
    }
    return output.toTensor().argmax(1).eq(labels).sum().item<std::int64_t>();
  }

  void tell() {
    const Spread spread = spread_of(seconds_per_sample_);
    Report report;
    report.step = 1;
    const auto add = [&report](const char* name, double value) {
      report.metrics.emplace_back(name, value);
    };
    if (accuracy_) add("accuracy", *accuracy_);
    add("seconds_per_sample", spread.median);
    add("seconds_per_sample_q1", spread.lower_quartile);
    add("seconds_per_sample_q3", spread.upper_quartile);
    add("seconds_per_sample_variation", spread.variation);
    add("optimize_seconds", optimize_s_);
    add("parameters", static_cast<double>(parameters_.all));
    add("nonzero_parameters",
        static_cast<double>(changed_.parameters.value_or(parameters_).nonzero));
    if (flops_) add("flops", *flops_);
    if (const auto bytes = bytes_as_file(changed_.module)) {
      add("file_bytes", static_cast<double>(*bytes));
    }
    add("utilisation", cpu_s_ / (wall_s_ * at::get_num_threads()));
    if (output_error_) add("output_error", *output_error_);
    add("changed", static_cast<double>(changed_.num_changed));
    observer_.report(report);
  }

  const InferOptions& options_;
  Observer& observer_;
  ScriptedModel model_;
  ModelInputs inputs_;
  Use use_;
  std::optional<at::Tensor> reference_;
  ParameterCount parameters_;
  std::optional<double> flops_;  ///< Of one sample.
  Transformed changed_;
  double optimize_s_ = 0;
  std::optional<double> output_error_;
  std::vector<double> seconds_per_sample_;
  double wall_s_ = 0;
  double cpu_s_ = 0;
  std::optional<double> accuracy_;
};

}  // namespace

InferEnding infer(const InferOptions& options, Observer& observer) {
  return Inference(options, observer).run();
}

}  // namespace wattune::train
