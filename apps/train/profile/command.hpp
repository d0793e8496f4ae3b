#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tactics/command.hpp"

namespace wattune::train {

/// `wattune-train profile`: see profile.hpp.
///
/// Takes    arguments  those after the command's name
/// Gives    the exit status
/// Errors   UsageError
int run_profile(const std::vector<std::string>& arguments);

/// What is done with trained models, by the first argument: infer, profile.
///
/// Gives    nothing where the first argument is another one
[[nodiscard]] std::optional<CommandEnd> run_model_command(std::vector<std::string> arguments,
                                                          const OpenObserver& open);

}  // namespace wattune::train
