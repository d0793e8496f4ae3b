#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "generation/language_model.hpp"
#include "options.hpp"

namespace wattune::train {

/// What `wattune-train generate` is told.
struct GenerateOptions {
  std::filesystem::path file;
  std::filesystem::path data = "/usr/share/common-licenses";  ///< Where prompts are cut from.
  std::optional<std::string> prompt;
  std::int64_t prompt_tokens = 16;
  std::int64_t batch_size = 1;
  std::int64_t tokens = 32;
  std::int64_t repetitions = 4;
  std::int64_t warm_up = 1;
  double temperature = 0.8;
  Precision precision = Precision::Float32;
  std::uint64_t seed = 1;
  std::int64_t threads = 0;
  DeviceChoice device = DeviceChoice::Auto;
};

/// Reads the arguments after `generate`.
///
/// Gives    nothing where help was asked for; it has been written to `help`
/// Errors   UsageError  naming option, value and what is allowed
std::optional<GenerateOptions> parse_generate_options(std::vector<std::string> arguments,
                                                      std::string& help);

/// What one run of `generate` came to.
struct Generated {
  std::int64_t num_tokens = 0;  ///< New ones, in the phase `inference`.
  double seconds = 0;
  std::string sample;  ///< The first text of the last batch, prompt and all.
  bool asked_to_end = false;
};

/// Lets a model write texts: batches for warming up in the phase `warm_up`, then `repetitions` of
/// them in the phase `inference`, whose samples are the tokens that are new.
///
/// Errors   UsageError  prompt and new tokens together exceed the model's context
Generated generate(const GenerateOptions& options, LanguageModel& model, at::Device device,
                   Observer& observer);

}  // namespace wattune::train
