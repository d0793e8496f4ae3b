#pragma once

#include <filesystem>
#include <optional>

namespace wattune::cli {

/// Where Wattune keeps what it learns about a machine: $XDG_STATE_HOME/wattune, or
/// ~/.local/state/wattune. Nothing where neither variable says.
[[nodiscard]] std::optional<std::filesystem::path> state_folder();

}  // namespace wattune::cli
