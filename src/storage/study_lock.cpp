#include "study_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace wattune::storage {
namespace {

std::string holder_text(int descriptor) {
  std::array<char, 24> text{};
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  long process = 0;
  if (length > 0) std::from_chars(text.data(), text.data() + length, process);
  return process > 0 ? "process " + std::to_string(process) : "another process";
}

/// Is the descriptor still the file that has this name? Its last holder may have removed it.
bool is_current(int descriptor, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

tl::unexpected<Error> open_failure(const std::filesystem::path& path, int error) {
  const ErrorKind kind = error == ENOENT ? ErrorKind::NotFound : ErrorKind::Permission;
  return fail(kind, path.string() + ": " + std::generic_category().message(error));
}

}  // namespace

Result<StudyLock> StudyLock::acquire(const std::filesystem::path& study) {
  std::filesystem::path path = study;
  path += ".lock";
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return open_failure(path, errno);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = holder_text(descriptor);
      ::close(descriptor);
      return fail(ErrorKind::Transient, study.string() + ": the study is being run by " + holder);
    }
    if (!is_current(descriptor, path)) {
      ::close(descriptor);
      continue;
    }
    StudyLock lock(std::move(path), descriptor);
    const std::string process = std::to_string(::getpid()) + "\n";
    // The number is for people; the lock holds without it.
    if (::ftruncate(descriptor, 0) == 0 &&
        ::pwrite(descriptor, process.data(), process.size(), 0) < 0) {
      return open_failure(lock.path_, errno);
    }
    return lock;
  }
}

StudyLock::StudyLock(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
}

StudyLock::StudyLock(StudyLock&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {
}

StudyLock& StudyLock::operator=(StudyLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

StudyLock::~StudyLock() {
  if (descriptor_ < 0) return;
  ::unlink(
      path_.c_str());  // before the lock goes: whoever gets this file next sees that it is gone
  ::close(descriptor_);
}

}  // namespace wattune::storage
