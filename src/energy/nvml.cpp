#include "wattune/energy/nvml.hpp"

#include <algorithm>

#include "nvml_boards.hpp"
#include "nvml_library.hpp"
#include "nvml_meters.hpp"

namespace wattune::energy {
namespace {

template <typename Value>
std::optional<Value> if_known(const Result<Value>& result) {
  return result ? std::optional(*result) : std::nullopt;
}

}  // namespace

Result<Nvml> Nvml::open(NvmlOptions options) {
  auto library = NvmlLibrary::open(options.library, options.root);
  if (!library) return tl::unexpected(library.error());
  return Nvml{std::move(*library), std::move(options)};
}

std::vector<GpuInfo> Nvml::list_gpus() const {
  std::vector<GpuInfo> gpus;
  for (NvmlBoard& board : find_boards(*library_, options_.sysfs_root).boards) {
    gpus.push_back(std::move(board.info));
  }
  return gpus;
}

std::vector<GpuState> Nvml::states() const {
  const std::optional<std::string> driver = library_->driver_version();
  std::vector<GpuState> states;
  for (const NvmlBoard& board : find_boards(*library_, options_.sysfs_root).boards) {
    GpuState state;
    state.uuid = board.info.uuid;
    state.temperature_c = if_known(library_->temperature_c(board.device));
    state.sm_clock_mhz = if_known(library_->sm_clock_mhz(board.device));
    state.memory_clock_mhz = if_known(library_->memory_clock_mhz(board.device));
    state.enforced_limit = if_known(library_->enforced_limit(board.device));
    state.default_limit = if_known(library_->default_limit(board.device));
    state.driver = driver;
    states.push_back(std::move(state));
  }
  return states;
}

namespace {

Result<NvmlBoard> board_of(const NvmlLibrary& library, const NvmlOptions& options,
                           std::string_view uuid) {
  for (NvmlBoard& board : find_boards(library, options.sysfs_root).boards) {
    if (board.info.uuid == uuid) return std::move(board);
  }
  return fail(ErrorKind::NotFound, "there is no GPU " + std::string(uuid));
}

}  // namespace

Result<PowerLimit> Nvml::power_limit(std::string_view uuid) const {
  const Result<NvmlBoard> board = board_of(*library_, options_, uuid);
  if (!board) return tl::unexpected(board.error());
  const Result<Watts> now = library_->set_limit(board->device);
  if (!now) return tl::unexpected(now.error());
  const auto range = library_->limit_range(board->device);
  if (!range) return tl::unexpected(range.error());
  return PowerLimit{board->info.name, *now, range->first, range->second};
}

Result<void> Nvml::set_power_limit(std::string_view uuid, Watts limit) const {
  const Result<NvmlBoard> board = board_of(*library_, options_, uuid);
  if (!board) return tl::unexpected(board.error());
  Result<void> done = library_->change_limit(board->device, limit);
  if (!done && done.error().kind == ErrorKind::Permission) {
    return fail(
        ErrorKind::Permission,
        done.error().message + ": only root may set the power limit of " + board->info.name);
  }
  return done;
}

OpenedMeters Nvml::open_meters(const Clock& clock) const {
  return open_nvml_meters(library_, clock, options_);
}

const GpuInfo* find_board(std::span<const GpuInfo> gpus, std::string_view uuid) {
  const GpuInfo* found = nullptr;
  if (uuid.empty()) return nullptr;
  for (const GpuInfo& gpu : gpus) {
    bool is_it = gpu.uuid.starts_with(uuid);
    for (const MigSlice& slice : gpu.instances) is_it = is_it || slice.uuid.starts_with(uuid);
    if (!is_it) continue;
    if (found != nullptr) return nullptr;
    found = &gpu;
  }
  return found;
}

}  // namespace wattune::energy
