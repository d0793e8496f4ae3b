#pragma once

#include <memory>
#include <optional>
#include <string>

namespace wattune::train {

/// Joules of a window and what they are worth.
struct WindowEnergy {
  double joules = 0;
  double uncertainty_j = 0;  ///< Half width of a 95 % interval.
  std::string provenance;    ///< measured, integrated or modelled
};

/// Meters this process, one window after the other.
///
/// A window is charged as a trial would be: the idle energy of the cores that it uses, and its part
/// of the rest by CPU time.
class EnergyWindow {
 public:
  EnergyWindow(const EnergyWindow&) = delete;
  EnergyWindow& operator=(const EnergyWindow&) = delete;
  virtual ~EnergyWindow() = default;

  virtual void begin() = 0;
  /// Since `begin`; nothing where nobody could tell.
  virtual std::optional<WindowEnergy> end() = 0;
  /// Where the figures come from, or why there are none.
  [[nodiscard]] virtual std::string source() const = 0;

 protected:
  EnergyWindow() = default;
};

/// Opens the machine's meters, if this program was built with the engine.
[[nodiscard]] std::unique_ptr<EnergyWindow> open_energy_window(int num_threads);

}  // namespace wattune::train
