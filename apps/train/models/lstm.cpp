#include "models/lstm.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace wattune::train {
namespace {

class Lstm final : public Model {
 public:
  Lstm(const LstmShape& shape, const BuildOptions& options)
      : shape_(shape), layers_(static_cast<std::size_t>(shape.layers)) {
    Planner plan;
    const double bound = 1 / std::sqrt(static_cast<double>(shape.units));
    std::int64_t inputs = shape.features;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::string name = fmt::format("layer{}", i);
      plan.dense(layers_[i].input, name + ".input", inputs, 4 * shape.units, {bound, bound},
                 shape.window);
      plan.dense(layers_[i].state, name + ".state", shape.units, 4 * shape.units, {bound, bound},
                 shape.window);
      inputs = shape.units;
    }
    heads_.plan(plan, shape.heads, shape.units, Bounds::pytorch(shape.units));
    build(plan, options);
    for (const Layer& layer : layers_) {
      for (const Dense* part : {&layer.input, &layer.state}) {
        weights_.push_back(part->weight);
      }
      for (const Dense* part : {&layer.input, &layer.state}) weights_.push_back(part->bias);
    }
  }

  [[nodiscard]] std::string description() const override {
    return fmt::format(
        R"({{"model":"lstm","features":{},"window":{},"units":{},"layers":{},"dropout":{},)"
        R"("heads":{}}})",
        shape_.features, shape_.window, shape_.units, shape_.layers, shape_.dropout,
        to_json(shape_.heads));
  }

 private:
  struct Layer {
    Dense input, state;  ///< The four gates beside each other: input, forget, cell, output.
  };

  at::Tensor compute(const at::Tensor& windows, bool is_training) override {
    // Zeros of [layers x batch x units] that name no batch size.
    const at::Tensor zeros = at::zeros_like(windows.select(1, 0).select(1, 0))
                                 .view({1, -1, 1})
                                 .expand({shape_.layers, -1, shape_.units})
                                 .contiguous();
    const auto states = std::get<0>(at::lstm(windows, {zeros, zeros}, weights_, true, shape_.layers,
                                             shape_.dropout, is_training, false, true));
    at::Tensor last = states.select(1, -1);
    if (is_training && shape_.dropout > 0) last = at::dropout(last, shape_.dropout, true);
    return heads_(last);
  }

  LstmShape shape_;
  std::vector<Layer> layers_;
  std::vector<at::Tensor> weights_;
  Heads heads_;
};

}  // namespace

std::unique_ptr<Model> make_lstm(const LstmShape& shape, const BuildOptions& options) {
  return std::make_unique<Lstm>(shape, options);
}

}  // namespace wattune::train
