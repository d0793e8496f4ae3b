#pragma once

#include <cstdint>
#include <optional>

namespace wattune::samplers {

enum class Crossover : std::uint8_t {
  SimulatedBinary,  ///< Children lie around their parents as one-point crossover of bits puts them.
  Uniform,          ///< Every value is one of the parents'.
};

/// How samplers that breed make a child of two parents.
struct VariationOptions {
  Crossover crossover = Crossover::SimulatedBinary;
  double crossover_probability = 0.9;  ///< Else the child starts as its first parent.
  double crossover_index = 15.0;       ///< The larger, the closer to the parents.
  std::optional<double> mutation_probability =
      std::nullopt;              ///< Per parameter; 1 / parameters where not set.
  double mutation_index = 20.0;  ///< The larger, the smaller the steps.
};

}  // namespace wattune::samplers
