#include "machine_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "machine.hpp"
#include "state_folder.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {

void add_machine_options(const Command& command, const std::shared_ptr<MachineOptions>& options) {
  const std::pair<const char*, std::string*> hidden[] = {
      {"--powercap-root", &options->powercap_root},
      {"--proc-root", &options->proc_root},
      {"--sysfs-root", &options->sysfs_root},
      {"--cpu-root", &options->cpu_root},
      {"--nvml-library", &options->nvml_library}};
  for (const auto& [name, value] : hidden) command.option(name, *value).hidden();
}

energy::MachineMeters open_machine(const Clock& clock, const MachineOptions& options) {
  energy::MeterOptions found = meter_options();
  found.powercap_root = options.powercap_root;
  found.proc_root = options.proc_root;
  found.sysfs_root = options.sysfs_root;
  found.nvml_library = options.nvml_library;
  return energy::open_meters(clock, found);
}

std::optional<Watts> IdleKnowledge::power_of(const std::string& channel) const {
  if (!calibration) return std::nullopt;
  const auto found = calibration->power.find(channel);
  if (found == calibration->power.end()) return std::nullopt;
  return found->second;
}

IdleKnowledge read_idle_knowledge(const MachineOptions& options) {
  const auto folder = state_folder();
  if (!folder) return {std::nullopt, "neither HOME nor XDG_STATE_HOME says where it is kept"};
  const auto conditions = energy::read_idle_conditions(options.proc_root, options.cpu_root);
  if (!conditions) return {std::nullopt, conditions.error().message};
  auto found = energy::IdleStore{*folder}.find(*conditions);
  if (!found) return {std::nullopt, found.error().message};
  if (!*found) return {std::nullopt, "`wattune meter calibrate` has not been run"};
  return {**found,
          fmt::format("idle power as calibrated on {}", iso_text((*found)->calibrated_at))};
}

}  // namespace wattune::cli
