#include "wattune/energy/meter.hpp"

#include <array>

namespace wattune::energy {

std::string_view to_text(ChannelKind kind) {
  constexpr std::array<std::string_view, 9> kNames{
      "package", "core", "uncore", "dram", "platform", "gpu", "gpu_module", "gpu_instance", "node"};
  return kNames.at(static_cast<std::size_t>(kind));
}

bool is_gpu(ChannelKind kind) {
  return kind == ChannelKind::Gpu || kind == ChannelKind::GpuModule ||
         kind == ChannelKind::GpuInstance;
}

}  // namespace wattune::energy
