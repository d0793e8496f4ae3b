#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace wattune::recorded {

/// The floats of a little-endian binary file.
///
/// Errors   ConfigError  it cannot be read, or is not of this size
[[nodiscard]] std::vector<float> read_floats(const std::filesystem::path& path, std::size_t count);

/// A manifest. `data` names the set of data in the message where the folder is not the right one.
///
/// Errors   ConfigError  it cannot be read or is no JSON
[[nodiscard]] nlohmann::json read_manifest(const std::filesystem::path& path,
                                           std::string_view data);

}  // namespace wattune::recorded
