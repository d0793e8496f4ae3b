#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tactics/tape.hpp"

namespace wattune::train {

/// Instructions of a tape that belong together.
struct Layer {
  std::string name;  ///< Of the module, of the owner of its weights, else of the operation.
  std::string kind;  ///< The operation that does most: "conv2d".
  std::size_t first = 0;
  std::size_t count = 0;
  std::optional<double> forward_flops = {};   ///< Nothing where an operation is not known.
  std::optional<double> backward_flops = {};  ///< Of the gradients that a training asks for.
};

/// Cuts a tape into layers: runs of instructions of one module; where the code names none, every
/// operation is a layer. What only makes lists and sizes goes with the layer behind it.
///
/// Takes    tape  recorded with gradients followed, so that it tells which are asked for
[[nodiscard]] std::vector<Layer> find_layers(const Tape& tape);

}  // namespace wattune::train
