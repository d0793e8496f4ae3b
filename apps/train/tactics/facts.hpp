#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wattune::train {

/// What an exported file says of itself, for programs that feed it.
struct ModelFacts {
  std::string model = {};                ///< "cnn"; empty where the file does not tell.
  std::vector<std::int64_t> input = {};  ///< Of one sample, as [1, 28, 28].
  /// Pixels in [0, 255] become (pixel - mean) / deviation before they reach the network.
  std::vector<double> pixel_mean = {};  ///< One for each channel; empty where it is not told.
  std::vector<double> pixel_deviation = {};
  std::optional<std::int64_t> vocabulary = {};  ///< Inputs are whole numbers below it.
};

}  // namespace wattune::train
