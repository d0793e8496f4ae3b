#include "machine_checks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "wattune/base/text.hpp"
#include "wattune/energy/cpu_model.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> content_of(const fs::path& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  std::string content = text.str();
  content.erase(content.find_last_not_of(" \n\t") + 1);
  return content;
}

MachineCheck check_processor(const CheckPaths& paths) {
  const auto info = content_of(paths.proc_root / "cpuinfo");
  if (!info) return {"processor", CheckState::Note, "cpuinfo cannot be read"};
  const energy::CpuIdentity cpu = energy::parse_cpu_identity(*info);
  const std::string name = cpu.name.empty() ? "of unknown name" : cpu.name;
  if (!cpu.is_virtual) return {"processor", CheckState::Fine, name};
  return {"processor", CheckState::Lacking,
          name +
              ", in a virtual machine: the host's energy counters do not show here, unless the "
              "host passes them on (QEMU 9.1 and newer: -accel kvm,rapl=on,path=SOCKET)"};
}

MachineCheck check_perf(const CheckPaths& paths) {
  const auto level = content_of(paths.proc_root / "sys/kernel/perf_event_paranoid");
  if (!level) return {"perf_event", CheckState::Note, "this kernel has no perf events"};
  std::istringstream text{*level};
  int number = 0;
  text >> number;
  if (number <= 0) {
    return {"perf_event", CheckState::Fine,
            fmt::format("perf_event_paranoid is {}: energy events are open to everybody", number)};
  }
  const bool is_root = ::geteuid() == 0;
  return {"perf_event", is_root ? CheckState::Fine : CheckState::Note,
          fmt::format("perf_event_paranoid is {}: energy events are for root and for programs with "
                      "CAP_PERFMON{}",
                      number, is_root ? ", and this is root" : ""),
          is_root ? "" : fmt::format("sudo setcap cap_perfmon+ep {}", paths.own_program.string())};
}

/// "/user.slice" from the line of the unified hierarchy.
std::optional<std::string> own_unified_group(const fs::path& proc_root) {
  std::istringstream lines{content_of(proc_root / "self/cgroup").value_or("")};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return std::nullopt;
}

MachineCheck check_cgroups(const CheckPaths& paths) {
  constexpr const char* kName = "cgroups";
  if (fs::exists(paths.cgroup_root / "cgroup.controllers")) {
    const auto group = own_unified_group(paths.proc_root);
    const fs::path folder = paths.cgroup_root / fs::path(group.value_or("/")).relative_path();
    if (::access((folder / "cgroup.procs").c_str(), W_OK) == 0 &&
        ::access(folder.c_str(), W_OK) == 0) {
      return {kName, CheckState::Fine,
              fmt::format("version 2, {} is delegated to this user", folder.string())};
    }
    return {kName, CheckState::Note,
            "version 2, no part is delegated: the CPU time of trials is read from process trees",
            "systemd-run --user --scope -p Delegate=yes wattune tune STUDY.yaml"};
  }
  for (const char* name : {"cpuacct", "cpu,cpuacct"}) {
    if (!fs::exists(paths.cgroup_root / name / "cpuacct.usage")) continue;
    return {kName, CheckState::Fine, fmt::format("version 1, with {}", name)};
  }
  return {kName, CheckState::Note,
          "none can be used: the CPU time of trials is read from process trees"};
}

MachineCheck check_gpu_driver(const CheckPaths& paths) {
  const auto version = content_of(paths.proc_root / "driver/nvidia/version");
  if (!version) return {"gpu driver", CheckState::Note, "no NVIDIA driver is loaded"};
  return {"gpu driver", CheckState::Fine, version->substr(0, version->find('\n'))};
}

std::optional<fs::path> find_program(const std::string& name, const CheckPaths& paths) {
  std::vector<fs::path> folders{paths.own_program.parent_path()};
  std::istringstream words{paths.search_path};
  for (std::string folder; std::getline(words, folder, ':');) folders.emplace_back(folder);
  for (const fs::path& folder : folders) {
    if (!folder.empty() && ::access((folder / name).c_str(), X_OK) == 0) return folder / name;
  }
  return std::nullopt;
}

MachineCheck check_program(const std::string& name, const std::string& purpose,
                           const std::string& remedy, const CheckPaths& paths) {
  if (const auto path = find_program(name, paths)) return {name, CheckState::Fine, path->string()};
  return {name, CheckState::Note, fmt::format("not found; {}", purpose), remedy};
}

}  // namespace

std::vector<MachineCheck> check_machine(const CheckPaths& paths) {
  return {check_processor(paths),
          check_perf(paths),
          check_cgroups(paths),
          check_gpu_driver(paths),
          check_program("wattune-train", "only the built-in workloads need it",
                        "cmake --preset release -DWATTUNE_BUILD_TRAIN=ON", paths),
          check_program("node", "only those who change the web page need it",
                        "sudo apt-get install nodejs", paths)};
}

MachineCheck check_idle_power(const energy::MachineMeters& machine, const IdleKnowledge& idle) {
  std::vector<std::string> unknown;
  std::vector<std::string> calibrated;
  for (const auto& meter : machine.meters) {
    if (meter->idle_power()) continue;
    const std::string& id = meter->channel().id;
    (idle.power_of(id) ? calibrated : unknown).push_back(id);
  }
  if (!unknown.empty()) {
    return {"idle power", CheckState::Lacking,
            fmt::format("not known for {} ({}): all energy counts as work", join_names(unknown),
                        idle.words),
            "wattune meter calibrate"};
  }
  if (!calibrated.empty()) return {"idle power", CheckState::Fine, idle.words};
  if (machine.meters.empty()) return {"idle power", CheckState::Note, "there is nothing to meter"};
  return {"idle power", CheckState::Fine, "the model knows its own"};
}

}  // namespace wattune::cli
