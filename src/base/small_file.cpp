#include "wattune/base/small_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace wattune {

Error file_error(const std::filesystem::path& path, int number) {
  const ErrorKind kind = number == EACCES || number == EPERM     ? ErrorKind::Permission
                         : number == ENOENT || number == ENOTDIR ? ErrorKind::NotFound
                                                                 : ErrorKind::Transient;
  return Error{kind, fmt::format("{}: {}", path.string(), std::strerror(number))};
}

Result<std::string> read_small_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(file_error(path, errno));
  std::string text;
  std::array<char, 8192> block;
  while (true) {
    const ssize_t count = ::read(file, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int number = errno;
      ::close(file);
      return tl::unexpected(file_error(path, number));
    }
    if (count == 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  return text;
}

}  // namespace wattune
