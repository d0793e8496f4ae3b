#pragma once

#include <cstddef>
#include <optional>

#include "tactics/tape.hpp"

namespace wattune::train {

/// Operations of a step of a model: two for each multiply-accumulate of a matrix product or
/// convolution, nothing for the rest (docs/protocol.md).
struct Flops {
  double forward = 0;
  double backward_to_input = 0;    ///< Where the gradient of the input is asked for.
  double backward_to_weights = 0;  ///< Where that of the weights is.
  std::size_t input_index = 0;     ///< Which operand is the input,
  std::size_t weights_index = 1;   ///< and which the weights.
};

/// Of one instruction of a tape; nothing where it is not known what the operation computes.
[[nodiscard]] std::optional<Flops> flops_of(const Tape::Instruction& instruction,
                                            const std::vector<c10::IValue>& values);

/// Forward, of the whole tape; nothing where a part of it is not known.
[[nodiscard]] std::optional<double> forward_flops(const Tape& tape);

}  // namespace wattune::train
