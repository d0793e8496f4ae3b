#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "machine_options.hpp"
#include "wattune/base/clock.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/node_sampler.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::cli {

/// The meters of this machine behind one sampler, shared with the other processes of this user.
struct NodeMeter {
  energy::MachineMeters machine;  ///< What was found; its meters have gone into the sampler.
  energy::CpuTopology topology;
  double num_cores = 1.0;
  std::filesystem::path proc_root;
  std::unique_ptr<energy::NodeSampler> sampler;

  /// Calibrated, of the channels that do not know their own.
  std::map<std::string, Watts> idle_power;

  std::string idle_words;  ///< Where those come from, or why there are none.

  [[nodiscard]] energy::AccountantOptions accountant_options() const;
  /// Divides the node's energy, with the idle powers; must not outlive the sampler.
  [[nodiscard]] energy::EnergyAccountant make_accountant(const Clock& clock) const;
  /// How the meter is shared, in words for the report.
  [[nodiscard]] std::string describe_sharing() const;
};

/// Adds notes on the idle powers to those of the machine.
[[nodiscard]] NodeMeter open_node_meter(const Clock& clock, const MachineOptions& options = {});

/// Where the processes of a node meet: $WATTUNE_NODE_DIR, else a folder of this user's own.
[[nodiscard]] std::filesystem::path node_folder();

}  // namespace wattune::cli
