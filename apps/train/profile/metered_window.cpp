#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "profile/energy_window.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/cpu_topology.hpp"
#include "wattune/energy/probe.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::train {
namespace {

energy::MeterOptions meter_options() {
  energy::MeterOptions options;
  const char* root = std::getenv("WATTUNE_POWERCAP_ROOT");
  if (root != nullptr && *root != '\0') options.shared_powercap_root = root;
  return options;
}

energy::EnergyAccountant make_accountant(const Clock& clock, energy::MachineMeters machine) {
  energy::AccountantOptions options;
  options.num_cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  options.topology = energy::read_cpu_topology();
  options.gpus = machine.gpus;
  options.engine_cpu_time = [] { return Seconds{0}; };  // all this process does is the profile
  return {std::move(machine.meters), options, clock.now()};
}

class MeteredWindow final : public EnergyWindow {
 public:
  explicit MeteredWindow(int num_threads)
      : accountant_(make_accountant(clock_, energy::open_meters(clock_, meter_options()))) {
    tick();
    account_ = accountant_.open({.num_cores = static_cast<double>(num_threads), .gpu_uuids = {}});
    cpu_at_open_ = energy::own_cpu_time();
  }

  void begin() override {
    tick();
    mark_ = accountant_.mark(account_);
  }

  std::optional<WindowEnergy> end() override {
    tick();
    const EnergyFigure figure = accountant_.since(*mark_);
    if (figure.is_missing()) return std::nullopt;
    return WindowEnergy{.joules = figure.total().joules().value(),
                        .uncertainty_j = figure.uncertainty.value(),
                        .provenance = std::string(to_text(figure.provenance))};
  }

  [[nodiscard]] std::string source() const override {
    std::vector<std::string> words;
    for (const energy::Channel& channel : accountant_.channels()) {
      words.push_back(fmt::format("{} ({}, gain error {:.0f} %)", channel.id,
                                  to_text(channel.provenance), channel.gain_uncertainty * 100));
    }
    if (words.empty()) return "no channel of this machine can be metered";
    return fmt::format("{}", fmt::join(words, ", "));
  }

 private:
  void tick() {
    if (account_ == energy::AccountId{}) {
      accountant_.tick(clock_.now(), {});
      return;
    }
    const std::array activities{energy::Activity{account_, energy::own_cpu_time() - cpu_at_open_}};
    accountant_.tick(clock_.now(), activities);
  }

  SystemClock clock_;
  energy::EnergyAccountant accountant_;
  energy::AccountId account_;
  Seconds cpu_at_open_;
  std::optional<energy::EnergyAccountant::Mark> mark_;
};

}  // namespace

std::unique_ptr<EnergyWindow> open_energy_window(int num_threads) {
  return std::make_unique<MeteredWindow>(num_threads);
}

}  // namespace wattune::train
