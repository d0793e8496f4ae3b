#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <functional>

#include "machine.hpp"
#include "measured_figures.hpp"
#include "wattune/base/version.hpp"
#include "wattune/energy/grid_intensity.hpp"
#include "wattune/report/emissions_csv.hpp"

// As lines of an emissions.csv.

namespace wattune::cli {
namespace {

using energy::ChannelKind;
using runners::MeasuredRun;

/// Sum over the channels of some kinds; nothing where there is none or one of them is not known.
std::optional<Joules> energy_of_kind(const MeasuredRun& run, const MeasureSetting& setting,
                                     const std::function<bool(ChannelKind)>& wanted) {
  std::optional<Joules> sum;
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    if (!wanted(setting.channels[i].kind)) continue;
    std::optional<EnergyFigure> figure = run.channels[i].machine;
    if (setting.view != View::Machine) figure = run.channels[i].command;
    if (!figure) continue;
    if (figure->is_missing()) return std::nullopt;
    const Microjoules amount = setting.view == View::Marginal ? figure->dynamic : figure->total();
    sum = sum.value_or(Joules{}) + amount.joules();
  }
  return sum;
}

std::optional<double> installed_memory_gb() {
  std::ifstream info{"/proc/meminfo"};
  for (std::string name; info >> name;) {
    double kilobytes = 0.0;
    if (name == "MemTotal:" && info >> kilobytes) return kilobytes * 1024.0 / 1e9;
    info.ignore(1024, '\n');
  }
  return std::nullopt;
}

std::string system_text() {
  utsname names{};
  if (::uname(&names) != 0) return "";
  return fmt::format("{}-{}-{}", names.sysname, names.release, names.machine);
}

std::string random_id() {
  std::ifstream file{"/proc/sys/kernel/random/uuid"};
  std::string id;
  std::getline(file, id);
  return id;
}

std::string gpu_words(const std::vector<energy::GpuInfo>& gpus) {
  if (gpus.empty()) return "";
  return fmt::format("{} x {}", gpus.size(), gpus.front().name);
}

report::EmissionsRow emissions_row(const MeasuredRun& run, const MeasureSetting& setting) {
  report::EmissionsRow row;
  row.timestamp = end_of(run);
  row.duration = run.duration;
  row.cpu_energy =
      energy_of_kind(run, setting, [](ChannelKind kind) { return kind == ChannelKind::Package; });
  row.ram_energy =
      energy_of_kind(run, setting, [](ChannelKind kind) { return kind == ChannelKind::Dram; });
  row.gpu_energy = energy_of_kind(run, setting, energy::is_gpu);
  const EnergyFigure energy = figure_of(run, setting.view, setting);
  if (!energy.is_missing()) row.energy = energy.total().joules();
  const auto carbon = footprint_of(run, setting).carbon;
  if (carbon && carbon->is_whole()) row.emissions_kg = carbon->value / 1000.0;
  const auto& intensity = setting.tariff.intensity;
  const auto table = energy::shipped_grid_table();
  if (intensity && table) {
    if (const energy::GridIntensity* zone = table->find(intensity->zone)) {
      row.country_name = zone->name;
      row.country_iso_code = zone->zone;
    }
  }
  row.tracking_mode = setting.view == View::Machine ? "machine" : "process";
  row.pue = setting.tariff.pue.factor;
  return row;
}

}  // namespace

std::string series_csv(const MeasuredSeries& series, const MeasureSetting& setting,
                       const std::string& project) {
  const auto host = host_json(setting.gpus);
  const std::string experiment = random_id();
  std::string text;
  for (const MeasuredRun& run : series.runs) {
    report::EmissionsRow row = emissions_row(run, setting);
    row.project_name = project;
    row.experiment_id = experiment;
    row.run_id = random_id();
    row.os = system_text();
    row.version = std::string("wattune ") + version();
    row.cpu_model = host.at("cpu") == "unknown" ? "" : host.at("cpu").get<std::string>();
    row.cpu_count = host.at("num_cores").get<int>();
    if (!setting.gpus.empty()) row.gpu_count = static_cast<int>(setting.gpus.size());
    row.gpu_model = gpu_words(setting.gpus);
    row.ram_total_gb = installed_memory_gb();
    text += to_csv(row) + "\n";
  }
  return text;
}

}  // namespace wattune::cli
