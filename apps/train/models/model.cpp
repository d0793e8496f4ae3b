#include "models/model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace wattune::train {

at::Tensor Model::forward(const at::Tensor& input, bool is_training) {
  if (precision_ == Precision::Float32) return compute(input, is_training);
  const bool is_number = input.is_floating_point();
  return compute(is_number ? input.to(compute_type()) : input, is_training).to(at::kFloat);
}

void Model::build(const Planner& plan, const BuildOptions& options) {
  parameters_ = Parameters(plan.parameters(), options);
  precision_ = options.precision;
  macs_ = plan.macs();
  const auto type = at::TensorOptions().dtype(at::kFloat).device(options.device);
  for (const Planner::BufferPlan& buffer : plan.buffers()) {
    *buffer.target = at::full({buffer.size}, buffer.value, type);
    buffers_.push_back({buffer.name, *buffer.target});
  }
}

const at::Tensor& Model::activated(const at::Tensor& x) const {
  if (activations_ != nullptr) activations_->push_back(x);
  return x;
}

at::ScalarType Model::compute_type() const {
  return precision_ == Precision::Float32 ? at::kFloat : at::kBFloat16;
}

void Heads::plan(Planner& planner, const std::vector<Head>& heads, std::int64_t features,
                 const Bounds& bounds) {
  layers_.resize(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    planner.dense(layers_[i], "head." + heads[i].name, features, heads[i].size, bounds);
  }
}

at::Tensor Heads::operator()(const at::Tensor& features) const {
  if (layers_.size() == 1) return layers_.front()(features);
  std::vector<at::Tensor> outputs;
  for (const Dense& layer : layers_) outputs.push_back(layer(features));
  return at::cat(outputs, -1);
}

std::string to_json(const std::vector<Head>& heads) {
  std::string text;
  for (const Head& head : heads) {
    text += fmt::format(R"({}{{"name":"{}","size":{}}})", text.empty() ? "" : ",", head.name,
                        head.size);
  }
  return "[" + text + "]";
}

}  // namespace wattune::train
