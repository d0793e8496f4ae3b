#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

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
  std::unique_ptr<energy::NodeSampler> sampler;

  /// Divides the node's energy; must not outlive the sampler.
  [[nodiscard]] energy::EnergyAccountant make_accountant(const Clock& clock) const;
  /// How the meter is shared, in words for the report.
  [[nodiscard]] std::string describe_sharing() const;
};

[[nodiscard]] NodeMeter open_node_meter(const Clock& clock);

/// Where the processes of a node meet: $WATTUNE_NODE_DIR, else a folder of this user's own.
[[nodiscard]] std::filesystem::path node_folder();

}  // namespace wattune::cli
