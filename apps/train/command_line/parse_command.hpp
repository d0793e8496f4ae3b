#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wattune::train {

/// Reads the arguments of a command.
///
/// An option whose value is empty (`--momentum=`) keeps its default: so a study file can pass a
/// parameter that is not active in every configuration.
///
/// Gives    false where help was asked for; it has been written to `help`
/// Errors   UsageError  naming option, value and what is allowed
[[nodiscard]] bool parse_command(CLI::App& app, std::vector<std::string> arguments,
                                 std::string& help);

}  // namespace wattune::train
