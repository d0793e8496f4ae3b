#pragma once

#include <filesystem>

#include "wattune/base/result.hpp"

namespace wattune::storage {

/// Holds the right to run a study: an advisory lock on `<study>.lock`, given back by the kernel
/// when the holder ends, however it ends.
class StudyLock {
 public:
  /// Errors   Transient  another process holds it; names the process
  ///          Permission, NotFound  the lock file cannot be made
  [[nodiscard]] static Result<StudyLock> acquire(const std::filesystem::path& study);

  StudyLock(StudyLock&& other) noexcept;
  StudyLock& operator=(StudyLock&& other) noexcept;
  StudyLock(const StudyLock&) = delete;
  StudyLock& operator=(const StudyLock&) = delete;
  ~StudyLock();

 private:
  StudyLock(std::filesystem::path path, int descriptor);

  std::filesystem::path path_;
  int descriptor_ = -1;  // below 0: moved from
};

}  // namespace wattune::storage
