#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "machine_options.hpp"

namespace wattune::cli {

enum class CheckState {
  Fine,
  Note,     ///< Worth knowing; nothing is wrong.
  Lacking,  ///< Something would be better with it.
};

/// One thing about the machine that matters to metering.
struct MachineCheck {
  std::string name;
  CheckState state = CheckState::Fine;
  std::string words;
  std::string remedy = {};  ///< The exact command that would change it; empty if none would.
};

struct CheckPaths {
  std::filesystem::path proc_root = "/proc";
  std::filesystem::path cgroup_root = "/sys/fs/cgroup";
  std::filesystem::path cpu_root = "/sys/devices/system/cpu";
  std::filesystem::path own_program;  ///< Of this process, with symbolic links resolved.
  std::string search_path;            ///< As in PATH.
};

/// Looks at processor, permissions, control groups, GPU driver and programs; changes nothing.
[[nodiscard]] std::vector<MachineCheck> check_machine(const CheckPaths& paths);

/// Whether idle power is known for all channels, and from where.
[[nodiscard]] MachineCheck check_idle_power(const energy::MachineMeters& machine,
                                            const IdleKnowledge& idle);

}  // namespace wattune::cli
