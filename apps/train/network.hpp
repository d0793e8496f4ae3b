#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace wattune::train {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// What a network looks like: convolution blocks, then dense layers, then one output per class.
///
/// A block is convolution ("same" padding), 2 x 2 maximum, batch normalisation where wanted, ReLU.
/// The maximum comes first because ReLU commutes with it and both later parts then touch a quarter
/// of the numbers. Dropout acts on the input of every dense layer that does not see the image.
struct NetworkShape {
  std::int64_t height = 28;
  std::int64_t width = 28;
  std::int64_t num_classes = 10;
  std::vector<std::int64_t> block_channels = {};  ///< Empty for a multi-layer perceptron.
  std::int64_t kernel = 3;                        ///< Odd.
  bool batch_norm = false;
  std::vector<std::int64_t> hidden = {};  ///< Widths of the dense layers before the output.
  double dropout = 0;                     ///< Probability in [0, 1).
};

/// All parameters in one flat buffer and all gradients in another, so that an optimiser step is a
/// handful of operations however many layers there are. Layers hold views.
struct FlatParameters {
  at::Tensor values;
  at::Tensor gradients;
};

/// The network itself. Parameters begin as a function of the seed alone.
class Network {
 public:
  Network(const NetworkShape& shape, std::uint64_t seed, at::Device device);

  /// Takes    images  [batch x 1 x height x width], channels last
  /// Gives    logits [batch x num_classes]
  at::Tensor forward(const at::Tensor& images, bool is_training);

  [[nodiscard]] FlatParameters& parameters() { return flat_; }
  /// Running statistics of batch normalisation: state that is not trained.
  [[nodiscard]] const std::vector<NamedTensor>& buffers() const { return buffers_; }

  /// Trained numbers, without the padding of the flat buffer.
  [[nodiscard]] std::int64_t num_parameters() const { return num_parameters_; }
  /// Multiply-accumulate operations of the convolutions and dense layers for one sample, forward.
  [[nodiscard]] std::int64_t macs() const { return macs_; }

 private:
  struct Block {
    at::Tensor weight, bias, scale, shift, running_mean, running_variance;
  };
  struct Dense {
    at::Tensor weight, bias;
  };
  struct Slot {
    at::Tensor* target;
    std::vector<std::int64_t> sizes;
    double low, high;  // of the uniform initial values
  };

  void plan_blocks(const NetworkShape& shape, std::vector<Slot>& slots);
  void plan_dense(const NetworkShape& shape, std::vector<Slot>& slots);
  void allocate(const std::vector<Slot>& slots, std::uint64_t seed, at::Device device);

  std::vector<Block> blocks_;
  std::vector<Dense> dense_;
  FlatParameters flat_;
  std::vector<NamedTensor> buffers_;
  std::int64_t padding_;
  double dropout_;
  std::int64_t num_parameters_ = 0;
  std::int64_t macs_ = 0;
};

}  // namespace wattune::train
