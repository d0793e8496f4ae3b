#include "training/optimizer.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace wattune::train {
namespace {

class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, FlatParameters& parameters)
      : options_(options), parameters_(parameters) {
    if (options.momentum > 0) velocity_ = at::zeros_like(parameters.values);
  }

  void step(std::int64_t /*step*/, double learning_rate) override {
    at::NoGradGuard no_grad;
    at::Tensor& direction = parameters_.gradients;
    if (options_.weight_decay > 0) direction.add_(parameters_.values, options_.weight_decay);
    if (!velocity_.defined()) {
      parameters_.values.add_(direction, -learning_rate);
      return;
    }
    velocity_.mul_(options_.momentum).add_(direction);
    if (options_.nesterov) {
      direction.add_(velocity_, options_.momentum);
      parameters_.values.add_(direction, -learning_rate);
    } else {
      parameters_.values.add_(velocity_, -learning_rate);
    }
  }

  [[nodiscard]] std::vector<NamedTensor> state() const override {
    if (!velocity_.defined()) return {};
    return {{"optimizer.velocity", velocity_}};
  }

 private:
  OptimizerOptions options_;
  FlatParameters& parameters_;
  at::Tensor velocity_;
};

class Adam final : public Optimizer {
 public:
  Adam(const OptimizerOptions& options, FlatParameters& parameters)
      : options_(options),
        parameters_(parameters),
        first_(at::zeros_like(parameters.values)),
        second_(at::zeros_like(parameters.values)),
        scratch_(at::empty_like(parameters.values)) {}

  void step(std::int64_t step, double learning_rate) override {
    at::NoGradGuard no_grad;
    decay(learning_rate);
    const at::Tensor& gradients = parameters_.gradients;
    first_.mul_(options_.beta1).add_(gradients, 1 - options_.beta1);
    second_.mul_(options_.beta2).addcmul_(gradients, gradients, 1 - options_.beta2);
    const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(step));
    const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(step));
    at::sqrt_out(scratch_, second_);
    scratch_.div_(std::sqrt(correction2)).add_(options_.epsilon);
    parameters_.values.addcdiv_(first_, scratch_, -learning_rate / correction1);
  }

  [[nodiscard]] std::vector<NamedTensor> state() const override {
    return {{"optimizer.first_moment", first_}, {"optimizer.second_moment", second_}};
  }

 private:
  void decay(double learning_rate) {
    if (options_.weight_decay <= 0) return;
    if (options_.kind == OptimizerKind::AdamW) {
      parameters_.values.mul_(1 - learning_rate * options_.weight_decay);
    } else {
      parameters_.gradients.add_(parameters_.values, options_.weight_decay);
    }
  }

  OptimizerOptions options_;
  FlatParameters& parameters_;
  at::Tensor first_;
  at::Tensor second_;
  at::Tensor scratch_;
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& given,
                                          FlatParameters& parameters) {
  OptimizerOptions options = given;
  if (options.is_beta2_inert) options.beta2 = OptimizerOptions{}.beta2;
  if (options.kind == OptimizerKind::Sgd) return std::make_unique<Sgd>(options, parameters);
  return std::make_unique<Adam>(options, parameters);
}

}  // namespace wattune::train
