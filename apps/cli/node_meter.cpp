#include "node_meter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include "machine.hpp"

namespace wattune::cli {

std::filesystem::path node_folder() {
  if (const char* folder = std::getenv("WATTUNE_NODE_DIR"); folder != nullptr && *folder != '\0') {
    return folder;
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime != '\0') return std::filesystem::path(runtime) / "wattune";
  return fmt::format("/tmp/wattune-{}", ::geteuid());
}

std::filesystem::path idle_power_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0')
    return std::filesystem::path(state) / "wattune/idle-power";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".local/state/wattune/idle-power";
}

NodeMeter open_node_meter(const Clock& clock) {
  NodeMeter node;
  node.machine = energy::open_meters(clock, meter_options());
  node.topology = energy::read_cpu_topology();
  node.num_cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  energy::NodeSamplerOptions options;
  options.seed = std::random_device{}();
  options.shared_folder = node_folder();
  options.capacity = node.topology.capacity(node.num_cores);
  node.sampler =
      std::make_unique<energy::NodeSampler>(std::move(node.machine.meters), clock, options);
  auto calibrated = energy::load_idle_powers(idle_power_file(), energy::read_idle_conditions());
  if (calibrated) {
    node.idle_powers = std::move(*calibrated);
  } else {
    node.idle_problem = calibrated.error().message;
  }
  return node;
}

energy::EnergyAccountant NodeMeter::make_accountant(const Clock& clock) const {
  energy::AccountantOptions options;
  options.num_cores = num_cores;
  options.topology = topology;
  options.claims = sampler->claims();
  energy::EnergyAccountant accountant{sampler->views(), std::move(options), clock.now()};
  for (const energy::IdlePower& idle : idle_powers) {
    const auto channels = accountant.channels();
    if (std::ranges::count(channels, idle.channel_id, &energy::Channel::id) > 0) {
      accountant.set_idle_power(idle.channel_id, idle.power);
    }
  }
  return accountant;
}

std::string NodeMeter::describe_idle() const {
  if (idle_problem) return "not read: " + *idle_problem;
  if (idle_powers.empty()) return "not calibrated";
  std::string text = "calibrated";
  for (const energy::IdlePower& idle : idle_powers) {
    text += fmt::format(", {} {:.3f} W", idle.channel_id, idle.power.value());
  }
  return text;
}

std::string NodeMeter::describe_sharing() const {
  if (sampler->sharing_problem()) {
    return "not shared with other processes: " + *sampler->sharing_problem();
  }
  return fmt::format("shared through {}, {}", node_folder().string(),
                     sampler->report().is_owner ? "read by this process"
                                                : "read by another process when this one began");
}

}  // namespace wattune::cli
