#include "rocm_ids.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <sstream>
#include <vector>

#include "wattune/base/small_file.hpp"

namespace wattune::energy {
namespace {

/// One node of the compute driver: a GPU, a partition of one, or a processor.
struct Node {
  std::uint64_t num_simds = 0;  ///< 0 for a processor.
  std::uint64_t location = 0;   ///< Bus, device and function; above them a partition's number.
  std::uint64_t domain = 0;
  std::uint64_t unique_id = 0;

  [[nodiscard]] std::string address() const {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, (location >> 8) & 0xff,
                       (location >> 3) & 0x1f, location & 0x7);
  }
};

Node parse_node(const std::string& properties) {
  Node node;
  std::istringstream words(properties);
  std::string name;
  for (std::uint64_t value = 0; words >> name >> value;) {
    if (name == "simd_count") node.num_simds = value;
    if (name == "location_id") node.location = value;
    if (name == "domain") node.domain = value;
    if (name == "unique_id") node.unique_id = value;
  }
  return node;
}

struct Gpu {
  std::vector<std::size_t> places;
  std::uint64_t unique_id = 0;
};

}  // namespace

std::map<std::string, std::string> read_rocm_ids(const std::filesystem::path& sysfs_root) {
  std::map<std::string, Gpu> gpus;
  std::size_t place = 0;
  for (int number = 0;; ++number) {
    const auto properties = read_small_file(sysfs_root / "class/kfd/kfd/topology/nodes" /
                                            std::to_string(number) / "properties");
    if (!properties && properties.error().kind == ErrorKind::NotFound) break;
    const Node node = parse_node(properties.value_or(""));
    if (node.num_simds == 0) continue;
    Gpu& gpu = gpus[node.address()];
    gpu.places.push_back(place++);
    gpu.unique_id = node.unique_id;
  }
  std::map<std::string, std::string> ids;
  for (const auto& [address, gpu] : gpus) {
    const bool has_number = gpu.unique_id != 0 && gpu.places.size() == 1;
    ids[address] = has_number ? fmt::format("GPU-{:016x}", gpu.unique_id)
                              : fmt::format("{}", fmt::join(gpu.places, ","));
  }
  return ids;
}

}  // namespace wattune::energy
