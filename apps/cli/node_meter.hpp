#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/idle_store.hpp"
#include "wattune/energy/node_sampler.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::cli {

/// The meters of this machine behind one sampler, shared with the other processes of this user.
struct NodeMeter {
  energy::MachineMeters machine;  ///< What was found; its meters have gone into the sampler.
  energy::CpuTopology topology;
  double num_cores = 1.0;
  std::unique_ptr<energy::NodeSampler> sampler;

  std::vector<energy::IdlePower> idle_powers;  ///< That were calibrated on this machine as it is.
  std::optional<std::string> idle_problem;     ///< Why those could not be read.

  /// Divides the node's energy, with the idle powers; must not outlive the sampler.
  [[nodiscard]] energy::EnergyAccountant make_accountant(const Clock& clock) const;
  /// Which channels have a calibrated idle power, in words for the report.
  [[nodiscard]] std::string describe_idle() const;
  /// How the meter is shared, in words for the report.
  [[nodiscard]] std::string describe_sharing() const;
};

[[nodiscard]] NodeMeter open_node_meter(const Clock& clock);

/// Where calibrated idle powers are kept: below $XDG_STATE_HOME, else ~/.local/state.
[[nodiscard]] std::filesystem::path idle_power_file();

/// Where the processes of a node meet: $WATTUNE_NODE_DIR, else a folder of this user's own.
[[nodiscard]] std::filesystem::path node_folder();

}  // namespace wattune::cli
