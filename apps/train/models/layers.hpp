#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/parameters.hpp"

namespace wattune::train {

struct Dense {
  at::Tensor weight, bias;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};

struct Convolution {
  at::Tensor weight, bias;
  std::int64_t stride = 1;
  std::int64_t padding = 0;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};

/// Batch normalisation. Where its parameters are frozen, its running statistics are too.
struct BatchNorm {
  at::Tensor scale, shift, running_mean, running_variance;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, bool is_training) const;
};

struct LayerNorm {
  at::Tensor scale, shift;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};

struct ImageSize {
  std::int64_t height;
  std::int64_t width;
};

struct ConvolutionShape {
  std::int64_t channels_in;
  std::int64_t channels_out;
  std::int64_t kernel;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
};

/// Bounds of the uniform initial values of a layer with so many inputs.
struct Bounds {
  double weight;
  std::optional<double> bias;  ///< Absent: the layer has no bias.

  /// Keeps the variance through a ReLU layer (He et al., ICCV 2015, arXiv:1502.01852); bias 0.
  static Bounds relu(std::int64_t fan_in);
  /// The same without a bias, for a layer before a normalisation.
  static Bounds relu_without_bias(std::int64_t fan_in);
  /// 1 / sqrt(inputs) for the weights; bias 0.
  static Bounds output(std::int64_t fan_in);
  /// 1 / sqrt(inputs) for both, which is PyTorch's default for dense layers and convolutions.
  static Bounds pytorch(std::int64_t fan_in);
};

/// Writes down the layers of a model: the plan of each parameter, the running statistics, and the
/// multiply-accumulates of one sample's forward pass.
///
/// Layers must stay where they are until the model is built.
class Planner {
 public:
  /// Takes    rows  vectors of one sample that go through the layer
  void dense(Dense& layer, const std::string& name, std::int64_t inputs, std::int64_t outputs,
             Bounds bounds, std::int64_t rows = 1);
  /// Gives    size of the output
  ImageSize convolution(Convolution& layer, const std::string& name, const ConvolutionShape& shape,
                        Bounds bounds, ImageSize size);
  void batch_norm(BatchNorm& layer, const std::string& name, std::int64_t channels);
  void layer_norm(LayerNorm& layer, const std::string& name, std::int64_t width);
  /// A parameter of any other kind.
  void parameter(at::Tensor& target, const std::string& name, std::vector<std::int64_t> sizes,
                 double bound);
  void add_macs(std::int64_t macs) { macs_ += macs; }

  struct BufferPlan {
    at::Tensor* target;
    std::string name;
    std::int64_t size;
    double value;
  };
  [[nodiscard]] const std::vector<ParameterPlan>& parameters() const { return parameters_; }
  [[nodiscard]] const std::vector<BufferPlan>& buffers() const { return buffers_; }
  [[nodiscard]] std::int64_t macs() const { return macs_; }

 private:
  std::vector<ParameterPlan> parameters_;
  std::vector<BufferPlan> buffers_;
  std::int64_t macs_ = 0;
};

}  // namespace wattune::train
