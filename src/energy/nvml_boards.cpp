#include "nvml_boards.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

constexpr double kOverLimit = 1.2;
constexpr Watts kUnknownLimit{1500.0};
/// The most compute slices that a board has had so far.
constexpr unsigned kUsualSlices = 7;

/// "00000000:3B:00.0" as sysfs has it: "0000:3b:00.0".
std::string sysfs_address(std::string address) {
  std::ranges::transform(address, address.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t domain = address.find(':');
  return domain != std::string::npos && domain > 4 ? address.substr(domain - 4) : address;
}

/// The memory node beside a device, which is the socket on machines made of modules.
std::optional<int> socket_of(const std::string& address, const std::filesystem::path& sysfs_root) {
  if (address.empty()) return std::nullopt;
  const auto node = read_number(sysfs_root / "bus/pci/devices" / address / "numa_node");
  return node ? std::optional(static_cast<int>(*node)) : std::nullopt;
}

/// Modules answer for the whole module only, or for it too.
NvmlScope scope_of(const NvmlLibrary& library, NvmlDevice device, bool is_module) {
  const auto answers = [&](NvmlScope scope) {
    return library.sample(device, scope).instant_power.has_value();
  };
  if (is_module) return answers(NvmlScope::Module) ? NvmlScope::Module : NvmlScope::Gpu;
  if (answers(NvmlScope::Gpu)) return NvmlScope::Gpu;
  return answers(NvmlScope::Module) ? NvmlScope::Module : NvmlScope::Gpu;
}

void add_instances(const NvmlLibrary& library, NvmlDevice device, GpuInfo& info) {
  info.num_slices = std::max(1U, library.most_instances(device).value_or(kUsualSlices));
  for (const NvmlInstance& instance : library.instances(device)) {
    info.instances.push_back({instance.uuid, instance.num_slices});
  }
}

std::optional<NvmlBoard> describe(const NvmlLibrary& library, unsigned index,
                                  const std::filesystem::path& sysfs_root) {
  const Result<NvmlDevice> device = library.device(index);
  if (!device) return std::nullopt;
  const Result<std::string> uuid = library.uuid(*device);
  if (!uuid || uuid->empty()) return std::nullopt;

  NvmlBoard board;
  board.device = *device;
  board.info.index = index;
  board.info.uuid = *uuid;
  board.info.name = library.name(*device).value_or("a GPU without a name");
  if (const auto bytes = library.memory_bytes(*device)) board.info.memory_bytes = *bytes;
  if (const auto address = library.pci_address(*device)) {
    board.info.pci_address = sysfs_address(*address);
  }
  const Result<unsigned> number = library.architecture(*device);
  board.architecture =
      gpu_architecture(number ? std::optional(*number) : std::nullopt, board.info.name);
  const bool is_named_module = is_module_name(board.info.name);
  board.scope = scope_of(library, *device, is_named_module);
  board.info.is_module = is_named_module || board.scope == NvmlScope::Module;
  if (board.info.is_module) board.info.socket = socket_of(board.info.pci_address, sysfs_root);
  if (library.is_mig(*device)) add_instances(library, *device, board.info);
  // A limit may be raised while the meters are open. It is the GPU's; the rest of a module draws on
  // top of it.
  Result<Watts> limit = library.enforced_limit(*device);
  if (const auto range = library.limit_range(*device); limit && range) {
    limit = std::max(*limit, range->second);
  }
  const bool is_limited = limit && *limit > Watts{} && !board.info.is_module;
  board.max_power = is_limited ? *limit * kOverLimit : kUnknownLimit;
  return board;
}

}  // namespace

NvmlBoards find_boards(const NvmlLibrary& library, const std::filesystem::path& sysfs_root) {
  NvmlBoards found;
  const Result<unsigned> count = library.count();
  if (!count) found.error = count.error();
  for (unsigned index = 0; index < count.value_or(0); ++index) {
    if (auto board = describe(library, index, sysfs_root)) {
      found.boards.push_back(std::move(*board));
    } else {
      found.nameless.push_back(index);
    }
  }
  return found;
}

}  // namespace wattune::energy
