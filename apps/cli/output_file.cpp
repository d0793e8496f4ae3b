#include "output_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "command.hpp"

namespace wattune::cli {

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  std::filesystem::path draft = path;
  draft += ".part";
  std::ofstream out{draft, std::ios::binary};
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (out) std::filesystem::rename(draft, path, error);
  if (!out || error) {
    throw CommandError(ExitStatus::Failure,
                       fmt::format("cannot write {}: {}", path.string(),
                                   error ? error.message() : "no space or no permission"));
  }
}

}  // namespace wattune::cli
