#include "float_file.hpp"

#include <fmt/format.h>

#include <fstream>

#include "wattune/base/result.hpp"

namespace wattune::recorded {

std::vector<float> read_floats(const std::filesystem::path& path, std::size_t count) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw ConfigError(fmt::format("{}: {}", path.string(), error.message()));
  if (size != count * sizeof(float)) {
    throw ConfigError(
        fmt::format("{} has {} bytes, but its manifest describes {}: it was cut off "
                    "or belongs to another manifest",
                    path.string(), size, count * sizeof(float)));
  }
  std::vector<float> values(count);
  std::ifstream in{path, std::ios::binary};
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(count * sizeof(float)));
  if (!in) throw ConfigError(path.string() + " cannot be read");
  return values;
}

nlohmann::json read_manifest(const std::filesystem::path& path, std::string_view data) {
  std::ifstream in{path};
  if (!in) {
    throw ConfigError(fmt::format("{} cannot be read: the data folder (--data) must have {} in it",
                                  path.string(), data));
  }
  nlohmann::json manifest = nlohmann::json::parse(in, nullptr, false);
  if (manifest.is_discarded()) throw ConfigError(path.string() + " is no JSON");
  return manifest;
}

}  // namespace wattune::recorded
