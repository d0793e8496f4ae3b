#include "wattune/energy/idle_calibrator.hpp"

#include <algorithm>
#include <utility>

namespace wattune::energy {
namespace {

std::optional<MachineCpuTime> cpu_time(const std::filesystem::path& proc_root) {
  const Result<MachineCpuTime> time = read_machine_cpu(proc_root);
  if (!time) return std::nullopt;
  return *time;
}

}  // namespace

IdleCalibrator::IdleCalibrator(std::vector<std::string> channels, std::filesystem::path proc_root)
    : channels_(std::move(channels)),
      proc_root_(std::move(proc_root)),
      cpu_at_start_(cpu_time(proc_root_)) {
}

void IdleCalibrator::observe(const MachineWatch& watch) {
  const Seconds now = watch.duration();
  for (const WatchedChannel& watched : watch.channels()) {
    const std::string& id = watched.channel.id;
    if (std::ranges::count(channels_, id) == 0 || watched.energy.is_missing()) continue;
    const Microjoules energy = watched.energy.total();
    const auto [window, is_new] = open_.try_emplace(id, Window{energy, now});
    const Seconds length = now - window->second.begun;
    if (is_new || length < idle_window(watched.channel.refresh)) continue;
    powers_[id].push_back((energy - window->second.energy).joules() / length);
    window->second = {energy, now};
  }
  const auto cpu = cpu_time(proc_root_);
  if (cpu && cpu_at_start_ && now > Seconds{} && cpu->num_cpus > 0) {
    busy_share_ = (cpu->busy - cpu_at_start_->busy).value() /
                  (now.value() * static_cast<double>(cpu->num_cpus));
  }
}

std::map<std::string, Watts> IdleCalibrator::power() const {
  std::map<std::string, Watts> power;
  for (const auto& [id, windows] : powers_) {
    if (windows.size() >= kFewestIdleWindows) power.emplace(id, *idle_power_of(windows));
  }
  return power;
}

std::optional<double> IdleCalibrator::busy_share() const {
  return busy_share_;
}

}  // namespace wattune::energy
