#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "training/counter_random.hpp"

namespace wattune::train::fake {

/// A folder of its own for one test, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "wattune-train-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string idx_bytes(std::initializer_list<std::uint32_t> sizes,
                             std::string_view elements) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      bytes += static_cast<char>(size >> shift & 0xffU);
  }
  return bytes.append(elements);
}

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_gzip(const std::filesystem::path& path, std::string_view bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

constexpr std::uint32_t kSide = 8;

/// Noisy images of kSide x kSide in which the row `label % 8` is bright: easy to learn.
inline void write_split(const std::filesystem::path& folder, std::string_view prefix,
                        std::uint32_t count) {
  std::string images;
  std::string labels;
  CounterRandom random(7, Stream::Initial, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t label = random.below(8);
    labels += static_cast<char>(label);
    for (std::uint32_t pixel = 0; pixel < kSide * kSide; ++pixel) {
      const std::uint32_t base = pixel / kSide == label ? 128 : 0;
      images += static_cast<char>(base + random.below(100));
    }
  }
  const std::string name(prefix);
  write_gzip(folder / (name + "-images-idx3-ubyte.gz"), idx_bytes({count, kSide, kSide}, images));
  write_gzip(folder / (name + "-labels-idx1-ubyte.gz"), idx_bytes({count}, labels));
}

/// A data folder with 500 training, 100 validation and 64 test images.
inline void write_data(const std::filesystem::path& folder) {
  write_split(folder, "train", 600);
  write_split(folder, "t10k", 64);
}

}  // namespace wattune::train::fake
