#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tactics/scripted_model.hpp"

namespace wattune::train {

/// How a trained model is made cheaper to use.
enum class Tactic : std::uint8_t {
  None,
  Int8Dynamic,
  Compile,
  PruneLocal,
  PruneGlobal,
  PruneLocalSparse,
  PruneGlobalSparse,
  Bfloat16,
};

/// Names as the command line has them, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string>& tactic_names();
[[nodiscard]] std::optional<Tactic> to_tactic(std::string_view name);
[[nodiscard]] bool is_pruning(Tactic tactic);

/// This build, this machine or this model cannot have the tactic; the rest of a study goes on.
struct NotSupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A model after its tactic.
struct Transformed {
  torch::jit::Module module;
  std::int64_t num_changed = 0;  ///< Layers, or weights where they are pruned, that it changed.
  std::string words;             ///< What was done: "3 dense layers on oneDNN".
  std::optional<ParameterCount> parameters = {};  ///< Where it changed how many are not 0.
  bool takes_bfloat16 = false;                    ///< Floating-point inputs have to be converted.
};

/// Applies a tactic to a copy of the model.
///
/// Takes    amount   of pruning: the share of the weights that becomes 0, in [0, 1)
///          example  a batch of inputs: sparse kernels are timed with its number of samples
/// Errors   NotSupported  in words for people
[[nodiscard]] Transformed apply_tactic(Tactic tactic, double amount,
                                       const torch::jit::Module& module,
                                       const std::vector<c10::IValue>& example);

}  // namespace wattune::train
