#include "profile/energy_window.hpp"

namespace wattune::train {
namespace {

/// For a program that was built without the engine.
class UnmeteredWindow final : public EnergyWindow {
 public:
  void begin() override {}
  std::optional<WindowEnergy> end() override { return std::nullopt; }
  [[nodiscard]] std::string source() const override {
    return "not metered: this program was built without the engine";
  }
};

}  // namespace

std::unique_ptr<EnergyWindow> open_energy_window(int /*num_threads*/) {
  return std::make_unique<UnmeteredWindow>();
}

}  // namespace wattune::train
