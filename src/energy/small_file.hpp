#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "wattune/base/result.hpp"

namespace wattune::energy {

/// What an error number says about a file: Permission, NotFound, or else Transient.
[[nodiscard]] Error file_error(const std::filesystem::path& path, int number);

/// Reads a file of procfs or sysfs in one go.
///
/// Errors   Permission  this user may not read it
///          NotFound    there is no such file
///          Transient   any other failure
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& path);

/// The same without trailing white space.
[[nodiscard]] Result<std::string> read_word(const std::filesystem::path& path);

/// A file that holds one non-negative decimal number.
///
/// Errors   as `read_small_file`, and Transient where the content is not such a number
[[nodiscard]] Result<std::uint64_t> read_number(const std::filesystem::path& path);

/// The number at the front of the text, which is moved past it and past white space before it.
[[nodiscard]] std::optional<std::uint64_t> take_number(std::string_view& text);

}  // namespace wattune::energy
