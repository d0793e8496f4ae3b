#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/model.hpp"

namespace wattune::train {

/// What image models are given: [batch x channels x height x width], channels last.
struct ImageShape {
  std::int64_t channels = 1;
  std::int64_t height = 28;
  std::int64_t width = 28;
};

/// Convolution blocks, then dense layers, then one output per class.
///
/// A block is convolution ("same" padding), 2 x 2 maximum, batch normalisation where wanted, ReLU.
/// The maximum comes first because ReLU commutes with it and both later parts then touch a quarter
/// of the numbers. Dropout acts on the input of every dense layer that does not see the image.
struct ImageNetworkShape {
  ImageShape image = {};
  std::vector<Head> heads = {{"label", 10}};
  std::vector<std::int64_t> block_channels = {};  ///< Empty for a multi-layer perceptron.
  std::int64_t kernel = 3;                        ///< Odd.
  bool batch_norm = false;
  std::vector<std::int64_t> hidden = {};  ///< Widths of the dense layers before the output.
  double dropout = 0;                     ///< Probability in [0, 1).
};

/// Parts: block0, block1, ... (each with norm), dense0, ..., head.
///
/// Errors   UsageError  more blocks than the image can be halved
std::unique_ptr<Model> make_image_network(const ImageNetworkShape& shape,
                                          const BuildOptions& options);

}  // namespace wattune::train
