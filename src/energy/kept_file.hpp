#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "wattune/base/result.hpp"

namespace wattune::energy {

/// A small file that is opened once and read again and again.
///
/// Where the file was replaced by another of the same name it is opened anew, so that a folder that
/// some other program writes can be read as well as the kernel's own.
///
/// Threads  one thread
/// Cost     two system calls a read; no allocation unless a read fails
class KeptFile {
 public:
  /// Errors   as `read_small_file`
  [[nodiscard]] static Result<KeptFile> open(const std::filesystem::path& path);

  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) noexcept;
  ~KeptFile();

  /// The non-negative decimal number that the file begins with, behind `prefix` if there is one;
  /// only white space, or white space and further words may follow ("123", "123 J 99 us").
  ///
  /// Errors   Permission  this user may not read it any more
  ///          Ended       the file has gone
  ///          Transient   any other failure, and content that is not such a number
  [[nodiscard]] Result<std::uint64_t> read_number(std::string_view prefix = {});
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  KeptFile(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  [[nodiscard]] Result<void> reopen();

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace wattune::energy
