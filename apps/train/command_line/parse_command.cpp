#include "command_line/parse_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "errors.hpp"

namespace wattune::train {
namespace {

bool is_empty_value(const std::string& argument) {
  return argument.size() > 3 && argument.starts_with("--") &&
         argument.find('=') + 1 == argument.size();
}

}  // namespace

bool parse_command(CLI::App& app, std::vector<std::string> arguments, std::string& help) {
  std::erase_if(arguments, is_empty_value);
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    help = app.help();
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError(
        fmt::format("{} ({} --help lists what is allowed)", error.what(), app.get_name()));
  }
  return true;
}

}  // namespace wattune::train
