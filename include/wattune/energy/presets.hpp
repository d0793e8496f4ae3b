#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/energy/footprint.hpp"

namespace wattune::energy {

/// A power usage effectiveness that somebody has published.
struct PuePreset {
  std::string name;  ///< "uptime-2024".
  double factor = 1.0;
  int year = 0;
  std::string source;
};

/// Reads data/pue.csv; columns `preset,name,pue,year,source`.
///
/// Errors   Invalid  as parse_grid_table; a value below 1 or above 10
[[nodiscard]] Result<std::vector<PuePreset>> parse_pue_presets(std::string_view text);
[[nodiscard]] Result<std::vector<PuePreset>> shipped_pue_presets();
[[nodiscard]] Pue pue_of(const PuePreset& preset);

/// The shipped preset of that name.
///
/// Errors   NotFound  no such preset; the message names those there are
[[nodiscard]] Result<Pue> pue_preset(std::string_view name);

/// What a machine is made of, beyond a base server with one CPU and 16 GB.
struct MachineParts {
  std::size_t cpus = 1;
  std::size_t gpus = 0;
  std::size_t ssds = 0;
  std::size_t hdds = 0;
  double memory_gb = 16.0;
};

/// Kilograms of CO2 equivalents by component of a server.
struct EmbodiedFactors {
  double server = 0.0;
  double cpu = 0.0;
  double gpu = 0.0;
  double ssd = 0.0;
  double hdd = 0.0;
  double dram_gb = 0.0;
  int year = 0;  ///< The oldest among them.
  std::string source;
};

/// Reads data/embodied.csv; columns `component,name,kg,year,source`.
///
/// Errors   Invalid  as parse_grid_table; a component is missing or unknown
[[nodiscard]] Result<EmbodiedFactors> parse_embodied_factors(std::string_view text);
[[nodiscard]] Result<EmbodiedFactors> shipped_embodied_factors();

/// The mass of a machine, in grams.
///
/// Source   Cloud Carbon Footprint, after the Teads data set of EC2 (2021)
[[nodiscard]] double embodied_mass_g(const MachineParts& parts, const EmbodiedFactors& factors);

}  // namespace wattune::energy
