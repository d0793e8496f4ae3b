#include "state_folder.hpp"

#include <cstdlib>

namespace wattune::cli {

std::optional<std::filesystem::path> state_folder() {
  // A relative path is to be ignored, says the base directory specification.
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::filesystem::path{state} / "wattune";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::filesystem::path{home} / ".local/state/wattune";
  }
  return std::nullopt;
}

}  // namespace wattune::cli
