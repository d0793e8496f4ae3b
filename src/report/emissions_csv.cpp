#include "wattune/report/emissions_csv.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <string_view>

namespace wattune::report {
namespace {

constexpr std::array<std::string_view, 38> kColumns{"timestamp",
                                                    "project_name",
                                                    "run_id",
                                                    "experiment_id",
                                                    "duration",
                                                    "emissions",
                                                    "emissions_rate",
                                                    "cpu_power",
                                                    "gpu_power",
                                                    "ram_power",
                                                    "cpu_energy",
                                                    "gpu_energy",
                                                    "ram_energy",
                                                    "energy_consumed",
                                                    "water_consumed",
                                                    "country_name",
                                                    "country_iso_code",
                                                    "region",
                                                    "cloud_provider",
                                                    "cloud_region",
                                                    "os",
                                                    "python_version",
                                                    "codecarbon_version",
                                                    "cpu_count",
                                                    "cpu_model",
                                                    "gpu_count",
                                                    "gpu_model",
                                                    "longitude",
                                                    "latitude",
                                                    "ram_total_size",
                                                    "tracking_mode",
                                                    "cpu_utilization_percent",
                                                    "gpu_utilization_percent",
                                                    "ram_utilization_percent",
                                                    "ram_used_gb",
                                                    "on_cloud",
                                                    "pue",
                                                    "wue"};

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string csv_number(std::optional<double> value) {
  return value ? fmt::format("{}", *value) : std::string();
}

std::optional<double> kwh(std::optional<Joules> energy) {
  if (!energy) return std::nullopt;
  return energy->value() / 3.6e6;
}

std::optional<double> watts(std::optional<Joules> energy, Seconds duration) {
  if (!energy || !(duration > Seconds{})) return std::nullopt;
  return (*energy / duration).value();
}

std::string time_text(WallTime time) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::map<std::string_view, std::string> cells_of(const EmissionsRow& row) {
  const auto count = [](std::optional<int> value) {
    return value ? std::to_string(*value) : std::string();
  };
  std::optional<double> rate;
  if (row.emissions_kg && row.duration > Seconds{}) {
    rate = *row.emissions_kg / row.duration.value();
  }
  return {{"timestamp", time_text(row.timestamp)},
          {"project_name", quoted(row.project_name)},
          {"run_id", row.run_id},
          {"experiment_id", quoted(row.experiment_id)},
          {"duration", csv_number(row.duration.value())},
          {"emissions", csv_number(row.emissions_kg)},
          {"emissions_rate", csv_number(rate)},
          {"cpu_power", csv_number(watts(row.cpu_energy, row.duration))},
          {"gpu_power", csv_number(watts(row.gpu_energy, row.duration))},
          {"ram_power", csv_number(watts(row.ram_energy, row.duration))},
          {"cpu_energy", csv_number(kwh(row.cpu_energy))},
          {"gpu_energy", csv_number(kwh(row.gpu_energy))},
          {"ram_energy", csv_number(kwh(row.ram_energy))},
          {"energy_consumed", csv_number(kwh(row.energy))},
          {"country_name", quoted(row.country_name)},
          {"country_iso_code", row.country_iso_code},
          {"os", quoted(row.os)},
          {"codecarbon_version", quoted(row.version)},
          {"cpu_count", count(row.cpu_count)},
          {"cpu_model", quoted(row.cpu_model)},
          {"gpu_count", count(row.gpu_count)},
          {"gpu_model", quoted(row.gpu_model)},
          {"ram_total_size", csv_number(row.ram_total_gb)},
          {"tracking_mode", row.tracking_mode},
          {"pue", csv_number(row.pue)}};
}

}  // namespace

std::string emissions_header() {
  return fmt::format("{}", fmt::join(kColumns, ","));
}

std::string to_csv(const EmissionsRow& row) {
  const std::map<std::string_view, std::string> cells = cells_of(row);
  std::string line;
  for (const std::string_view column : kColumns) {
    if (!line.empty()) line += ',';
    const auto cell = cells.find(column);
    if (cell != cells.end()) line += cell->second;
  }
  return line;
}

}  // namespace wattune::report
