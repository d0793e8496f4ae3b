#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tactics/facts.hpp"

namespace wattune::train {

/// Where the inputs of a model come from.
struct InputOptions {
  /// Images in the format of the trainings, with labels; nothing: made numbers, without labels.
  std::optional<std::filesystem::path> data = {};
  bool is_test_split = false;            ///< Otherwise the validation split.
  std::vector<std::int64_t> shape = {};  ///< Of one sample; empty: as the file says.
  std::optional<std::int64_t> vocabulary = {};
  std::vector<double> pixel_mean = {};  ///< One for all channels or one for each; empty: not given.
  std::vector<double> pixel_deviation = {};
  std::int64_t num_made = 1024;  ///< Samples, where they are made.
  std::uint64_t seed = 1;        ///< Of made numbers.
};

/// Samples as the network takes them.
struct ModelInputs {
  at::Tensor samples;                ///< [num_samples x shape]
  std::optional<at::Tensor> labels;  ///< [num_samples] int64
  std::string words;                 ///< "10000 validation images of DIR".
};

/// Errors   UsageError  data that cannot be read or does not fit the model; or nothing tells the
///                      shape of the input
[[nodiscard]] ModelInputs make_inputs(const InputOptions& options, const ModelFacts& facts);

/// "3x32x32" or "3,32,32"; nothing where it is no shape.
[[nodiscard]] std::optional<std::vector<std::int64_t>> to_shape(const std::string& text);

}  // namespace wattune::train
