#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tactics/model_inputs.hpp"
#include "tactics/tactic.hpp"

namespace wattune::train {

/// What the command line of `wattune-train infer` says, checked.
struct InferOptions {
  std::filesystem::path model;
  Tactic tactic = Tactic::None;
  double amount = 0.5;
  std::int64_t batch_size = 64;
  std::int64_t repetitions = 10;
  std::int64_t warm_up = 3;     ///< Passes that do not count.
  double min_seconds = 0.5;     ///< Of a repetition: whole passes until they take so long.
  double cool_down = 0;         ///< Seconds before each repetition.
  std::int64_t samples = 1024;  ///< Of a pass; at least a batch.
  std::int64_t threads = 0;     ///< 0 leaves the choice to OMP_NUM_THREADS or the machine.
  InputOptions inputs;
  std::optional<std::filesystem::path> save;  ///< Where the changed model is written.
};

/// Gives    nothing where help was asked for; it has been written to `help`
/// Errors   UsageError  naming option, value and what is allowed
[[nodiscard]] std::optional<InferOptions> parse_infer_options(std::vector<std::string> arguments,
                                                              std::string& help);

}  // namespace wattune::train
