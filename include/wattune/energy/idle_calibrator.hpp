#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wattune/energy/idle_power.hpp"
#include "wattune/energy/machine_cpu.hpp"
#include "wattune/energy/machine_watch.hpp"

namespace wattune::energy {

/// Fewer windows say nothing about the quietest of them.
inline constexpr std::size_t kFewestIdleWindows = 3;

/// Cuts a quiet run into windows and finds what every channel draws when nothing happens.
class IdleCalibrator {
 public:
  /// Takes    channels  ids to calibrate; others are left alone
  explicit IdleCalibrator(std::vector<std::string> channels,
                          std::filesystem::path proc_root = "/proc");

  /// Takes note of a watch that has just ticked; every second or so.
  void observe(const MachineWatch& watch);

  /// Idle power by channel; a channel with fewer than `kFewestIdleWindows` windows is left out.
  [[nodiscard]] std::map<std::string, Watts> power() const;
  /// How busy the processors have been; none where /proc/stat does not tell.
  [[nodiscard]] std::optional<double> busy_share() const;

 private:
  struct Window {
    Microjoules energy;
    Seconds begun;
  };

  std::vector<std::string> channels_;
  std::filesystem::path proc_root_;
  std::optional<MachineCpuTime> cpu_at_start_;
  std::map<std::string, Window> open_;
  std::map<std::string, std::vector<Watts>> powers_;
  std::optional<double> busy_share_;
};

}  // namespace wattune::energy
