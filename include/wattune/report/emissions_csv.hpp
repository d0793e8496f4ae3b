#pragma once

#include <optional>
#include <string>

#include "wattune/base/clock.hpp"
#include "wattune/base/units.hpp"

namespace wattune::report {

/// One line of an `emissions.csv` as CodeCarbon writes it. What is not known stays empty.
struct EmissionsRow {
  WallTime timestamp;  ///< The end of the run.
  std::string project_name;
  std::string run_id;
  std::string experiment_id;
  Seconds duration;
  std::optional<double> emissions_kg = {};
  std::optional<Joules> cpu_energy = {};
  std::optional<Joules> gpu_energy = {};
  std::optional<Joules> ram_energy = {};
  std::optional<Joules> energy = {};  ///< Of the machine's hardware; PUE is not in it.
  std::string country_name;
  std::string country_iso_code;
  std::string os;
  std::string version;  ///< Who wrote the line.
  std::optional<int> cpu_count = {};
  std::string cpu_model;
  std::optional<int> gpu_count = {};
  std::string gpu_model;
  std::optional<double> ram_total_gb = {};
  std::string tracking_mode;  ///< "process" or "machine".
  std::optional<double> pue = {};
};

/// The line of column names.
[[nodiscard]] std::string emissions_header();

/// Energy in kWh, power in W, emissions in kg; text in quotes where it has to be.
[[nodiscard]] std::string to_csv(const EmissionsRow& row);

}  // namespace wattune::report
