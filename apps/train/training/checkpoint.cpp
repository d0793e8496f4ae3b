#include "training/checkpoint.hpp"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "errors.hpp"

namespace wattune::train {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "WATTUNE1";
constexpr std::string_view kExtension = ".ckpt";

std::string_view type_name(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kFloat) return "float32";
  if (tensor.scalar_type() == at::kLong) return "int64";
  throw std::runtime_error("a checkpoint holds float32 and int64 tensors only");
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <typename Integer>
void append_integer(std::string& bytes, Integer value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string to_bytes(const Checkpoint& checkpoint) {
  nlohmann::json header{{"meta", checkpoint.meta}, {"tensors", nlohmann::json::array()}};
  for (const NamedTensor& entry : checkpoint.tensors) {
    header["tensors"].push_back({{"name", entry.name},
                                 {"type", type_name(entry.tensor)},
                                 {"sizes", entry.tensor.sizes().vec()}});
  }
  const std::string header_text = header.dump();
  std::string bytes(kMagic);
  append_integer<std::uint64_t>(bytes, header_text.size());
  bytes += header_text;
  for (const NamedTensor& entry : checkpoint.tensors) {
    const at::Tensor plain = entry.tensor.detach().cpu().contiguous();
    bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  append_integer(bytes, checksum(bytes));
  return bytes;
}

/// A file descriptor that is closed on every path.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void fail_to_write(const std::filesystem::path& path) {
  throw std::runtime_error(
      fmt::format("cannot write checkpoint {}: {}", path.string(), std::strerror(errno)));
}

void write_all(const std::filesystem::path& path, std::string_view bytes) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) fail_to_write(path);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) fail_to_write(path);
}

void sync_folder(const std::filesystem::path& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() >= 0) ::fsync(file.get());
}

/// Takes bytes off the front of a file's contents and refuses to run past its end.
class Reader {
 public:
  Reader(const std::filesystem::path& path, std::string_view bytes) : path_(path), rest_(bytes) {}

  [[noreturn]] void fail(std::string_view what) const {
    throw UsageError(fmt::format("checkpoint {}: {}", path_.string(), what));
  }

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) fail("truncated");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  const std::filesystem::path& path_;
  std::string_view rest_;
};

NamedTensor read_tensor(Reader& reader, const nlohmann::json& description) {
  const std::string type = description.at("type");
  if (type != "float32" && type != "int64") reader.fail("unknown tensor type " + type);
  NamedTensor entry{description.at("name"),
                    at::empty(description.at("sizes").get<std::vector<std::int64_t>>(),
                              type == "int64" ? at::kLong : at::kFloat)};
  const std::string_view bytes = reader.take(entry.tensor.nbytes());
  std::memcpy(entry.tensor.data_ptr(), bytes.data(), bytes.size());
  return entry;
}

std::optional<std::int64_t> step_of(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), step);
  if (path.extension() != kExtension || error != std::errc{} || end != stem.data() + stem.size()) {
    return std::nullopt;
  }
  return step;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::filesystem::path beside = path;
  beside += fmt::format(".{}.part", ::getpid());
  write_all(beside, to_bytes(checkpoint));
  if (::rename(beside.c_str(), path.c_str()) != 0) fail_to_write(path);
  sync_folder(path.parent_path().empty() ? "." : path.parent_path());
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw UsageError(fmt::format("checkpoint {}: {}", path.string(), std::strerror(errno)));
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  Reader reader(path, bytes);
  if (reader.take(std::min(kMagic.size(), bytes.size())) != kMagic) {
    reader.fail("not a checkpoint of this program");
  }
  if (bytes.size() < kMagic.size() + sizeof(std::uint64_t) + sizeof(std::uint32_t)) {
    reader.fail("truncated");
  }
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - 4);
  std::uint32_t expected = 0;
  std::memcpy(&expected, bytes.data() + body.size(), sizeof expected);
  if (checksum(body) != expected) reader.fail("truncated or corrupt: the checksum does not match");

  Reader content(path, body.substr(kMagic.size()));
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, content.take(sizeof header_size).data(), sizeof header_size);
  const nlohmann::json header = nlohmann::json::parse(content.take(header_size));
  Checkpoint checkpoint{header.at("meta"), {}};
  for (const nlohmann::json& description : header.at("tensors")) {
    checkpoint.tensors.push_back(read_tensor(content, description));
  }
  if (!content.at_end()) content.fail("bytes follow after the last tensor");
  return checkpoint;
}

void remove_old_checkpoints(const std::filesystem::path& folder, std::size_t keep) {
  std::vector<std::pair<std::int64_t, std::filesystem::path>> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (const auto step = step_of(entry.path())) found.emplace_back(*step, entry.path());
  }
  std::ranges::sort(found, std::ranges::greater{});
  for (std::size_t i = keep; i < found.size(); ++i) {
    std::error_code ignored;  // another process may have removed it; leaving it does no harm
    std::filesystem::remove(found[i].second, ignored);
  }
}

std::filesystem::path checkpoint_path(const std::filesystem::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{}", step, kExtension);
}

}  // namespace wattune::train
