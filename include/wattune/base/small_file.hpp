#pragma once

#include <filesystem>
#include <string>

#include "wattune/base/result.hpp"

namespace wattune {

/// What an error number says about a file: Permission, NotFound, or else Transient.
[[nodiscard]] Error file_error(const std::filesystem::path& path, int number);

/// Reads a file of procfs or sysfs in one go.
///
/// Errors   Permission  this user may not read it
///          NotFound    there is no such file
///          Transient   any other failure
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& path);

}  // namespace wattune
