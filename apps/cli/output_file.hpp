#pragma once

#include <filesystem>
#include <string_view>

namespace wattune::cli {

/// Writes a file whole: beside it first, then renamed over it. Missing folders are made.
///
/// Errors   CommandError  it cannot be written; names the file and why
void write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace wattune::cli
