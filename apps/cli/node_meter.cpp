#include "node_meter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <utility>

#include "machine.hpp"
#include "power_limits.hpp"

namespace wattune::cli {

std::filesystem::path node_folder() {
  if (const char* folder = std::getenv("WATTUNE_NODE_DIR"); folder != nullptr && *folder != '\0') {
    return folder;
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime != '\0') return std::filesystem::path(runtime) / "wattune";
  return fmt::format("/tmp/wattune-{}", ::geteuid());
}

namespace {

/// Calibrated idle power of the channels that do not know their own; a note says where it is from.
void add_idle_power(NodeMeter& node, const MachineOptions& options) {
  const IdleKnowledge idle = read_idle_knowledge(options);
  node.idle_words = idle.words;
  bool is_needed = false;
  for (const auto& meter : node.machine.meters) {
    if (meter->idle_power()) continue;
    is_needed = true;
    const std::string& channel = meter->channel().id;
    if (const auto known = idle.power_of(channel)) node.idle_power.emplace(channel, *known);
  }
  if (!is_needed) return;
  const bool is_used = !node.idle_power.empty();
  node.machine.notes.push_back({"idle power",
                                is_used ? energy::BackendState::Used : energy::BackendState::Absent,
                                idle.words, is_used ? "" : "wattune meter calibrate"});
}

}  // namespace

NodeMeter open_node_meter(const Clock& clock, const MachineOptions& machine_options) {
  NodeMeter node;
  restore_left_power_limits(machine_options.nvml_library);
  node.machine = open_machine(clock, machine_options);
  add_idle_power(node, machine_options);
  node.proc_root = machine_options.proc_root;
  node.topology = energy::read_cpu_topology();
  node.num_cores = cli::num_cores();
  energy::NodeSamplerOptions options;
  options.seed = std::random_device{}();
  options.proc_root = machine_options.proc_root;
  options.shared_folder = node_folder();
  options.capacity = node.topology.capacity(node.num_cores);
  node.sampler =
      std::make_unique<energy::NodeSampler>(std::move(node.machine.meters), clock, options);
  return node;
}

energy::AccountantOptions NodeMeter::accountant_options() const {
  energy::AccountantOptions options;
  options.num_cores = num_cores;
  options.proc_root = proc_root;
  options.topology = topology;
  options.gpus = machine.gpus;
  options.claims = sampler->claims();
  return options;
}

energy::EnergyAccountant NodeMeter::make_accountant(const Clock& clock) const {
  energy::EnergyAccountant accountant{sampler->views(), accountant_options(), clock.now()};
  for (const auto& [channel, power] : idle_power) accountant.set_idle_power(channel, power);
  return accountant;
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
