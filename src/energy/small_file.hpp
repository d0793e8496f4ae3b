#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "wattune/base/small_file.hpp"

namespace wattune::energy {

/// What a small file holds, without trailing white space.
[[nodiscard]] Result<std::string> read_word(const std::filesystem::path& path);

/// A file that holds one non-negative decimal number.
///
/// Errors   as `read_small_file`, and Transient where the content is not such a number
[[nodiscard]] Result<std::uint64_t> read_number(const std::filesystem::path& path);

/// The number at the front of the text, which is moved past it and past white space before it.
[[nodiscard]] std::optional<std::uint64_t> take_number(std::string_view& text);

}  // namespace wattune::energy
