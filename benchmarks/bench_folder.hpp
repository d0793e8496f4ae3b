#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "wattune/base/result.hpp"

namespace wattune::bench {

/// A folder on the disk that is measured: where the program was started, not a file system in
/// memory.
class BenchFolder {
 public:
  BenchFolder() {
    std::string name = (std::filesystem::current_path() / "bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
  }
  ~BenchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path study() const { return path_ / "study.db"; }

 private:
  std::filesystem::path path_;
};

template <typename T>
T taken(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace wattune::bench
