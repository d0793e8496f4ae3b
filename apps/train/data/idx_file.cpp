#include "data/idx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kLargestArray = std::int64_t{1} << 32U;

/// Reads a file through zlib, which passes plain files through unchanged.
class Input {
 public:
  explicit Input(std::filesystem::path path)
      : path_(std::move(path)), file_(gzopen(path_.c_str(), "rb")) {
    if (file_ == nullptr) fail(std::strerror(errno));
    gzbuffer(file_, 1U << 18U);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { gzclose(file_); }

  [[noreturn]] void fail(std::string_view what) const {
    throw UsageError(fmt::format("data file {}: {}", path_.string(), what));
  }

  /// Fills `bytes` from the file; a file that ends before is refused as truncated.
  void read(std::span<std::uint8_t> bytes, std::string_view what) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const std::size_t wanted = std::min(bytes.size() - done, std::size_t{1} << 24U);
      const int got = gzread(file_, bytes.data() + done, static_cast<unsigned>(wanted));
      if (got < 0) fail_as_zlib_says();
      if (got == 0) {
        fail(
            fmt::format("truncated: {} needs {} bytes, the file has {}", what, bytes.size(), done));
      }
      done += static_cast<std::size_t>(got);
    }
  }

  /// Reads on to the end, where zlib compares length and checksum.
  void expect_end() {
    std::uint8_t extra = 0;
    const int got = gzread(file_, &extra, 1);
    if (got > 0) fail("bytes follow after the last element");
    int error = Z_OK;
    gzerror(file_, &error);
    if (got < 0 || (error != Z_OK && error != Z_STREAM_END)) fail_as_zlib_says();
  }

 private:
  [[noreturn]] void fail_as_zlib_says() const {
    int error = Z_OK;
    const char* text = gzerror(file_, &error);
    if (error == Z_BUF_ERROR) fail("truncated: the gzip stream has no end");
    if (error == Z_ERRNO) fail(std::strerror(errno));
    fail(fmt::format("corrupt gzip stream: {}", text));
  }

  std::filesystem::path path_;
  gzFile file_;
};

std::filesystem::path existing_file(const std::filesystem::path& stem) {
  std::filesystem::path gzipped = stem;
  gzipped += ".gz";
  if (std::filesystem::is_regular_file(stem)) return stem;
  if (std::filesystem::is_regular_file(gzipped)) return gzipped;
  throw UsageError(fmt::format("data file {} is missing, with .gz and without", stem.string()));
}

void check_magic(const Input& input, std::span<const std::uint8_t, 4> magic, int num_dimensions) {
  if (magic[0] != 0 || magic[1] != 0) {
    input.fail(fmt::format("not an IDX file: it begins with {:#04x} {:#04x} in place of two zeros",
                           magic[0], magic[1]));
  }
  if (magic[2] != 0x08) {
    input.fail(
        fmt::format("elements of IDX type {:#04x}; only unsigned bytes (0x08) are read", magic[2]));
  }
  if (magic[3] != num_dimensions) {
    input.fail(fmt::format("{} dimensions; {} are needed", magic[3], num_dimensions));
  }
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& stem, int num_dimensions) {
  Input input(existing_file(stem));
  std::array<std::uint8_t, 4> word{};
  input.read(word, "the magic number");
  check_magic(input, word, num_dimensions);

  IdxArray array;
  std::int64_t num_elements = 1;
  for (int dimension = 0; dimension < num_dimensions; ++dimension) {
    input.read(word, "the header");
    std::int64_t size = 0;
    for (const std::uint8_t byte : word) size = size * 256 + byte;
    if (size == 0) input.fail(fmt::format("dimension {} is 0", dimension + 1));
    if (size > kLargestArray / num_elements) input.fail("the header asks for more than 4 GiB");
    num_elements *= size;
    array.sizes.push_back(size);
  }
  array.elements.resize(static_cast<std::size_t>(num_elements));
  input.read(array.elements, "the header's count of elements");
  input.expect_end();
  return array;
}

}  // namespace wattune::train
