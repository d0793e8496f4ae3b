#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace wattune::runners {

/// The whole of a file; nothing where it cannot be read.
[[nodiscard]] std::optional<std::string> read_small_file(const std::filesystem::path& file);

}  // namespace wattune::runners
