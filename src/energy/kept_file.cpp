#include "kept_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

/// Whether the open file is no longer the one of that name.
bool was_replaced(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && status.st_nlink == 0;
}

ssize_t read_once(int file, std::array<char, 64>& text) {
  ssize_t count = 0;
  do {
    count = ::pread(file, text.data(), text.size(), 0);
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

Result<KeptFile> KeptFile::open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(file_error(path, errno));
  return KeptFile{path, file};
}

KeptFile::KeptFile(KeptFile&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {
}

KeptFile& KeptFile::operator=(KeptFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

KeptFile::~KeptFile() {
  if (file_ >= 0) ::close(file_);
}

Result<void> KeptFile::reopen() {
  Result<KeptFile> fresh = open(path_);
  if (fresh) {
    std::swap(file_, fresh->file_);
    return {};
  }
  Error error = fresh.error();
  if (error.kind == ErrorKind::NotFound) error.kind = ErrorKind::Ended;
  return tl::unexpected(std::move(error));
}

Result<std::uint64_t> KeptFile::read_number(std::string_view prefix) {
  if (was_replaced(file_)) {
    if (const Result<void> opened = reopen(); !opened) return tl::unexpected(opened.error());
  }
  std::array<char, 64> text{};
  ssize_t count = read_once(file_, text);
  // The kernel answers so when the device behind the file has gone, though it may have come back.
  if (count < 0 && (errno == ENODEV || errno == ESTALE)) {
    if (const Result<void> opened = reopen(); !opened) return tl::unexpected(opened.error());
    count = read_once(file_, text);
  }
  if (count < 0) {
    Error error = file_error(path_, errno);
    if (error.kind == ErrorKind::NotFound || errno == ENODEV) error.kind = ErrorKind::Ended;
    return tl::unexpected(std::move(error));
  }
  std::string_view rest(text.data(), static_cast<std::size_t>(count));
  const bool has_prefix = rest.starts_with(prefix);
  if (has_prefix) rest.remove_prefix(prefix.size());
  const std::optional<std::uint64_t> number = take_number(rest);
  if (!has_prefix || !number || (!rest.empty() && rest[0] != '\n' && rest[0] != ' ')) {
    return fail(ErrorKind::Transient, fmt::format("{}: does not hold a number", path_.string()));
  }
  return *number;
}

}  // namespace wattune::energy
