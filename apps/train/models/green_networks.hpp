#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/image_network.hpp"

namespace wattune::train {

/// The three networks of a published energy study, as its code defines them.
///
/// C channels and side d; N dense layers, M convolution layers; initial values as PyTorch's.
/// - DensePoly: hidden widths max(floor(C d^2 / 2^(i+1)), C) for i = 0..N-2. No activation between
///   layers, so the whole is one linear map.
/// - DenseLinear: hidden widths max(floor(C d^2 - (i+1) C d^2 / N), C). No activation either.
/// - SimpleCnn: M blocks of 3 x 3 convolution (C 3^(i+1) channels), batch normalisation, ReLU where
///   wanted, 2 x 2 maximum; then the layers of DensePoly over what is left, where C d^2 is replaced
///   by the numbers per sample that leave the last block, and C by their channels.
///
/// Source   Yarally, Cruz, Feitosa, Sallou, van Deursen, CAIN 2023, arXiv:2303.13972
enum class GreenNetwork { DensePoly, DenseLinear, SimpleCnn };

struct GreenNetworkShape {
  GreenNetwork kind = GreenNetwork::DensePoly;
  ImageShape image = {};
  std::vector<Head> heads = {{"label", 10}};
  std::int64_t dense_layers = 3;
  std::int64_t convolution_layers = 2;  ///< Of SimpleCnn.
  bool has_relu = true;                 ///< Of SimpleCnn.
};

/// Parts: block0, ..., dense0, ..., head.
///
/// Errors   UsageError  more convolution layers than the image can be halved
std::unique_ptr<Model> make_green_network(const GreenNetworkShape& shape,
                                          const BuildOptions& options);

/// Widths of the layers before the output, for `inputs` numbers of `channels` channels.
std::vector<std::int64_t> green_widths(GreenNetwork kind, std::int64_t inputs,
                                       std::int64_t channels, std::int64_t dense_layers);

}  // namespace wattune::train
