#pragma once

#include <cstddef>
#include <string>

namespace wattune::cli {

/// Text behind `front` in lines of at most 100 columns; the lines below begin at column `indent`.
/// A word that is longer than a line stays whole.
[[nodiscard]] std::string wrapped(std::string front, const std::string& text, std::size_t indent);

}  // namespace wattune::cli
