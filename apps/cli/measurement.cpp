#include "measurement.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>

#include "machine.hpp"
#include "tariff_options.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/energy/grid_intensity.hpp"
#include "wattune/report/document.hpp"
#include "wattune/report/emissions_csv.hpp"
#include "wrap.hpp"

namespace wattune::cli {
namespace {

using energy::ChannelKind;
using runners::MeasuredRun;
using Json = nlohmann::ordered_json;

/// As it would be typed: words with blanks or signs in quotes.
std::string typed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool is_plain =
        !word.empty() && word.find_first_of(" \t\n;&|<>()$`\"'*?[]#~!{}\\") == std::string::npos;
    text += (text.empty() ? "" : " ") + (is_plain ? word : "'" + word + "'");
  }
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? text : text.substr(0, end) + " ...";
}

/// Three significant digits: what is short is told in milliseconds.
std::string time_text(Seconds duration) {
  return duration < Seconds{10.0} ? si_text(duration.value(), "s") : duration_text(duration);
}

bool is_charged(const MeasuredRun& run, std::size_t channel) {
  return run.channels[channel].command.has_value();
}

std::vector<energy::Channel> channels_in_view(const MeasuredRun& run,
                                              const MeasureSetting& setting) {
  std::vector<energy::Channel> channels;
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    if (setting.view == View::Machine || is_charged(run, i))
      channels.push_back(setting.channels[i]);
  }
  return channels;
}

std::string view_words(View view) {
  switch (view) {
    case View::Allocated:
      return "all idle energy while it ran, and its part of the rest";
    case View::Marginal:
      return "its part of what the machine drew above idle";
    case View::Machine:
      return "everything that the machine drew, whoever used it";
  }
  return "";
}

constexpr std::size_t kIndent = 12;

/// Lines with a word in front.
class Lines {
 public:
  void add(std::string_view name, const std::string& text) {
    text_ += wrapped(std::string(name), text, kIndent);
  }
  void note(const std::string& text) { add("note", text); }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// One run has no interval.
std::optional<math::MeanInterval> interval_from_two(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  return math::mean_interval(values);
}

std::optional<math::MeanInterval> interval_of(const MeasuredSeries& series,
                                              const std::function<double(const MeasuredRun&)>& of) {
  std::vector<double> values;
  for (const MeasuredRun& run : series.runs) values.push_back(of(run));
  return interval_from_two(values);
}

std::optional<math::MeanInterval> energy_interval(const MeasuredSeries& series,
                                                  const MeasureSetting& setting) {
  const auto joules = joules_of(series, setting);
  if (!joules) return std::nullopt;
  return interval_from_two(*joules);
}

double seconds_of(const MeasuredRun& run) {
  return run.duration.value();
}

/// The mean over the runs; its uncertainty is that of one run: gain errors do not average out.
EnergyFigure mean_figure(const MeasuredSeries& series, View view, const MeasureSetting& setting) {
  EnergyFigure sum;
  for (const MeasuredRun& run : series.runs) sum += figure_of(run, view, setting);
  const auto count = static_cast<std::int64_t>(series.runs.size());
  sum.idle = Microjoules{sum.idle.count() / count};
  sum.dynamic = Microjoules{sum.dynamic.count() / count};
  sum.uncertainty = sum.uncertainty / static_cast<double>(count);
  return sum;
}

Seconds mean_duration(const MeasuredSeries& series) {
  Seconds sum;
  for (const MeasuredRun& run : series.runs) sum += run.duration;
  return sum / static_cast<double>(series.runs.size());
}

std::string interval_text(const math::MeanInterval& interval, const char* unit) {
  return fmt::format("{} ± {} (95 % interval of the mean), standard deviation {}",
                     si_text(interval.mean, unit), si_text(*interval.half_width, unit),
                     si_text(*interval.deviation, unit));
}

void add_energy(Lines& lines, const MeasuredSeries& series, const MeasureSetting& setting) {
  const EnergyFigure mean = mean_figure(series, setting.view, setting);
  lines.add("energy", fmt::format("{}: {}", to_text(mean), view_words(setting.view)));
  if (const auto interval = energy_interval(series, setting)) {
    lines.add("", interval_text(*interval, "J"));
  }
  for (const View other : {View::Allocated, View::Marginal, View::Machine}) {
    if (other == setting.view) continue;
    const EnergyFigure figure = mean_figure(series, other, setting);
    if (other != View::Machine && !setting.knows_idle_power) continue;
    lines.add(to_text(other), fmt::format("{}: {}", to_text(figure), view_words(other)));
  }
}

void add_time_and_power(Lines& lines, const MeasuredSeries& series, const MeasureSetting& setting) {
  Seconds cpu;
  for (const MeasuredRun& run : series.runs) cpu += run.cpu_time;
  const Seconds duration = mean_duration(series);
  lines.add("time", fmt::format("{}, {} of CPU time", time_text(duration),
                                time_text(cpu / static_cast<double>(series.runs.size()))));
  if (const auto interval = interval_of(series, seconds_of)) {
    lines.add("", interval_text(*interval, "s"));
  }
  const EnergyFigure mean = mean_figure(series, setting.view, setting);
  if (mean.is_missing() || !(duration > Seconds{})) {
    lines.add("power", "unknown");
  } else {
    lines.add("power", si_text((mean.total().joules() / duration).value(), "W") + " on average");
  }
}

WallTime end_of(const MeasuredRun& run) {
  return run.started_at + std::chrono::microseconds(std::llround(run.duration.value() * 1e6));
}

/// Grams and money of a run, by the rates of its own time.
energy::Footprint footprint_of(const MeasuredRun& run, const MeasureSetting& setting) {
  return energy::footprint(figure_of(run, setting.view, setting), run.started_at, end_of(run),
                           setting.tariff);
}

/// The mean over the runs; nothing where it is not known for all of one of them.
std::optional<energy::Amount> mean_amount(const MeasuredSeries& series,
                                          const MeasureSetting& setting,
                                          std::optional<energy::Amount> energy::Footprint::*kind) {
  energy::Amount sum;
  for (const MeasuredRun& run : series.runs) {
    const auto amount = footprint_of(run, setting).*kind;
    if (!amount || !amount->is_whole()) return std::nullopt;
    sum += *amount;
  }
  const auto count = static_cast<double>(series.runs.size());
  sum.value /= count;
  sum.uncertainty /= count;
  return sum;
}

void add_carbon_and_cost(Lines& lines, const MeasuredSeries& series,
                         const MeasureSetting& setting) {
  const energy::Tariff& tariff = setting.tariff;
  if (tariff.intensity) {
    const auto carbon = mean_amount(series, setting, &energy::Footprint::carbon);
    lines.add("carbon", fmt::format("{} CO2e ({})",
                                    carbon ? fmt::format("{} ± {}", si_text(carbon->value, "g"),
                                                         si_text(carbon->uncertainty, "g"))
                                           : "unknown",
                                    basis_text(*tariff.intensity, tariff.pue)));
  }
  if (tariff.price) {
    const auto cost = mean_amount(series, setting, &energy::Footprint::cost);
    lines.add("cost", fmt::format("{} ({})",
                                  cost ? fmt::format("{:.3g} ± {:.2g} {}", cost->value,
                                                     cost->uncertainty, tariff.price->currency)
                                       : "unknown",
                                  basis_text(*tariff.price, tariff.pue)));
  }
}

/// The value where it is known for all of the run.
Json amount_json(const std::optional<energy::Amount>& amount) {
  return amount && amount->is_whole() ? Json(amount->value) : Json(nullptr);
}

/// Mean over the runs of what one channel shows; nothing where a run has no part in it.
std::optional<EnergyFigure> channel_mean(
    const MeasuredSeries& series,
    const std::function<std::optional<EnergyFigure>(const MeasuredRun&)>& of) {
  EnergyFigure sum;
  for (const MeasuredRun& run : series.runs) {
    const auto figure = of(run);
    if (!figure) return std::nullopt;
    sum += *figure;
  }
  const auto count = static_cast<std::int64_t>(series.runs.size());
  sum.idle = Microjoules{sum.idle.count() / count};
  sum.dynamic = Microjoules{sum.dynamic.count() / count};
  sum.uncertainty = sum.uncertainty / static_cast<double>(count);
  return sum;
}

std::string channel_table(const MeasuredSeries& series, const MeasureSetting& setting) {
  const bool shows_command = setting.view != View::Machine;
  std::vector<std::string> head{"channel"};
  if (shows_command) head.emplace_back("command");
  head.emplace_back("machine");
  TextTable table{head};
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    const auto command =
        channel_mean(series, [i](const MeasuredRun& run) { return run.channels[i].command; });
    const auto machine = channel_mean(
        series, [i](const MeasuredRun& run) { return std::optional{run.channels[i].machine}; });
    std::vector<std::string> row{setting.channels[i].id};
    if (shows_command) row.push_back(command ? to_text(*command) : "not given to it");
    row.push_back(to_text(*machine));
    table.add(row);
  }
  return table.text();
}

void add_notes(Lines& lines, const MeasuredSeries& series, const MeasureSetting& setting) {
  for (const energy::Channel& channel : setting.channels) lines.add(channel.id, channel.source);
  if (setting.knows_idle_power && !setting.idle_words.empty()) {
    lines.add("idle", setting.idle_words);
  }
  const MeasuredRun& last = series.runs.back();
  if (const auto wanted = short_window(last, setting)) {
    lines.note(fmt::format(
        "low confidence: in {} the steps of the counters decide; from {} on they do not",
        time_text(last.duration), time_text(*wanted)));
  }
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    if (!last.channels[i].machine.is_missing()) continue;
    lines.note(fmt::format("{} showed nothing in {}: missing, not 0 J", setting.channels[i].id,
                           time_text(last.duration)));
  }
  if (!setting.knows_idle_power && !setting.uncalibrated.empty()) {
    lines.note(fmt::format("idle power of {} is not known ({}), so its part cannot be told",
                           join_names(setting.uncalibrated), setting.idle_words));
  }
  if (last.num_left_running > 0) {
    lines.note(fmt::format("{} of its processes still run; from here on their energy is not in it",
                           last.num_left_running));
  }
  for (const std::string& warning : setting.warnings) lines.note(warning);
}

std::string end_words(const MeasuredRun& run) {
  if (run.end.signal) return fmt::format(", ended by signal {}", *run.end.signal);
  if (run.end.status.value_or(0) != 0) return fmt::format(", exit status {}", *run.end.status);
  return "";
}

Json figure_or_null(const std::optional<EnergyFigure>& figure) {
  return figure ? Json(report::to_json(*figure)) : Json(nullptr);
}

template <typename Value>
Json value_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval_json(const std::optional<math::MeanInterval>& interval) {
  if (!interval) return nullptr;
  return {{"mean", interval->mean},
          {"deviation", *interval->deviation},
          {"half_width_95", *interval->half_width}};
}

Json run_json(const MeasuredRun& run, const MeasureSetting& setting) {
  const EnergyFigure energy = figure_of(run, setting.view, setting);
  const Joules joules = energy.total().joules();
  const bool is_known = !energy.is_missing();
  Json json = {
      {"started_at", iso_text(run.started_at)},  {"duration_s", run.duration.value()},
      {"cpu_time_s", run.cpu_time.value()},      {"exit_status", value_or_null(run.end.status)},
      {"signal", value_or_null(run.end.signal)}, {"energy", report::to_json(energy)}};
  json["mean_power_w"] =
      is_known && run.duration > Seconds{} ? Json((joules / run.duration).value()) : Json(nullptr);
  for (const View view : {View::Allocated, View::Marginal, View::Machine}) {
    json["views"][std::string(to_text(view))] = report::to_json(figure_of(run, view, setting));
  }
  const energy::Footprint footprint = footprint_of(run, setting);
  json["carbon_g"] = amount_json(footprint.carbon);
  json["cost"] = amount_json(footprint.cost);
  const auto wanted = short_window(run, setting);
  json["low_confidence"] = wanted.has_value();
  json["confident_from_s"] = wanted ? Json(wanted->value()) : Json(nullptr);
  json["left_running"] = run.num_left_running;
  json["channels"] = Json::array();
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    json["channels"].push_back({{"id", setting.channels[i].id},
                                {"command", figure_or_null(run.channels[i].command)},
                                {"machine", report::to_json(run.channels[i].machine)}});
  }
  return json;
}

Json setting_json(const MeasureSetting& setting) {
  Json json = {{"format", 1},
               {"version", version()},
               {"view", to_text(setting.view)},
               {"host", host_json(setting.gpus)},
               {"idle_power",
                {{"known", setting.knows_idle_power},
                 {"uncalibrated", setting.uncalibrated},
                 {"words", setting.idle_words}}},
               {"warnings", setting.warnings},
               {"channels", Json::array()}};
  json.update(tariff_json(setting.tariff));
  for (const energy::Channel& channel : setting.channels) {
    json["channels"].push_back({{"id", channel.id},
                                {"kind", to_text(channel.kind)},
                                {"provenance", to_text(channel.provenance)},
                                {"gain_uncertainty", channel.gain_uncertainty},
                                {"refresh_s", channel.refresh.value()},
                                {"source", channel.source}});
  }
  return json;
}

Json runs_json(const MeasuredSeries& series, const MeasureSetting& setting) {
  Json json = {{"command", series.command}, {"runs", Json::array()}};
  for (const MeasuredRun& run : series.runs) json["runs"].push_back(run_json(run, setting));
  json["statistics"] = {{"energy_j", interval_json(energy_interval(series, setting))},
                        {"duration_s", interval_json(interval_of(series, seconds_of))}};
  return json;
}

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

std::string verdict(const math::RatioInterval& ratio, std::string_view more,
                    std::string_view less) {
  if (ratio.low > 1.0) return fmt::format("B {}", more);
  if (ratio.high < 1.0) return fmt::format("B {}", less);
  return "no difference shown";
}

/// How many digits tell the ratio and its interval apart.
std::string ratio_text(const math::RatioInterval& ratio) {
  return fmt::format("{:.4g} (95 % interval {:.4g} to {:.4g})", ratio.ratio, ratio.low, ratio.high);
}

std::vector<double> values_of(const MeasuredSeries& series,
                              const std::function<double(const MeasuredRun&)>& of) {
  std::vector<double> values;
  for (const MeasuredRun& run : series.runs) values.push_back(of(run));
  return values;
}

std::optional<math::RatioInterval> ratio_of(const std::optional<std::vector<double>>& first,
                                            const std::optional<std::vector<double>>& second) {
  const auto is_positive = [](double value) { return value > 0.0; };
  if (!first || !second || !std::ranges::all_of(*first, is_positive) ||
      !std::ranges::all_of(*second, is_positive)) {
    return std::nullopt;
  }
  return math::paired_ratio(*first, *second);
}

struct Ratios {
  std::optional<math::RatioInterval> energy;
  std::optional<math::RatioInterval> time;
};

Ratios ratios_of(const MeasuredSeries& first, const MeasuredSeries& second,
                 const MeasureSetting& setting) {
  return {ratio_of(joules_of(first, setting), joules_of(second, setting)),
          ratio_of(values_of(first, seconds_of), values_of(second, seconds_of))};
}

std::string cell_of(const std::optional<math::MeanInterval>& interval, const char* unit,
                    const std::string& otherwise) {
  if (!interval) return otherwise;
  return fmt::format("{} ± {}", si_text(interval->mean, unit),
                     si_text(*interval->half_width, unit));
}

std::vector<std::string> comparison_row(const char* name, const MeasuredSeries& series,
                                        const MeasureSetting& setting) {
  return {name,
          cell_of(energy_interval(series, setting), "J",
                  to_text(mean_figure(series, setting.view, setting))),
          cell_of(interval_of(series, seconds_of), "s", time_text(mean_duration(series))),
          series.command.back()};
}

Json ratio_json(const std::optional<math::RatioInterval>& ratio) {
  if (!ratio) return nullptr;
  const char* word = ratio->low > 1.0    ? "higher"
                     : ratio->high < 1.0 ? "lower"
                                         : "no difference shown";
  return {
      {"ratio", ratio->ratio}, {"low_95", ratio->low}, {"high_95", ratio->high}, {"verdict", word}};
}

/// The gain error of what is left when idle energy, read by the same sensor, is taken away, and the
/// error of the edges, which stays.
EnergyFigure marginal_of(const MeasuredRun& run, const MeasureSetting& setting) {
  double gain_of_all = 0.0;
  double gain_of_dynamic = 0.0;
  for (std::size_t i = 0; i < setting.channels.size(); ++i) {
    if (!is_charged(run, i)) continue;
    const EnergyFigure& part = *run.channels[i].command;
    const double gain = setting.channels[i].gain_uncertainty;
    gain_of_all += gain * part.total().joules().value();
    gain_of_dynamic += gain * part.dynamic.joules().value();
  }
  EnergyFigure figure = run.command;
  figure.idle = Microjoules{};
  const double whole = figure.uncertainty.value();
  const double edges = std::max(0.0, whole * whole - gain_of_all * gain_of_all);
  figure.uncertainty = Joules{std::sqrt(gain_of_dynamic * gain_of_dynamic + edges)};
  return figure;
}

}  // namespace

std::string_view to_text(View view) {
  switch (view) {
    case View::Allocated:
      return "allocated";
    case View::Marginal:
      return "marginal";
    case View::Machine:
      return "machine";
  }
  return "";
}

EnergyFigure figure_of(const MeasuredRun& run, View view, const MeasureSetting& setting) {
  if (view == View::Machine) return run.machine;
  EnergyFigure figure = run.command;
  if (view == View::Marginal) figure = marginal_of(run, setting);
  if (!setting.knows_idle_power) figure.provenance = Provenance::Missing;
  return figure;
}

std::optional<std::vector<double>> joules_of(const MeasuredSeries& series,
                                             const MeasureSetting& setting) {
  std::vector<double> joules;
  for (const MeasuredRun& run : series.runs) {
    const EnergyFigure figure = figure_of(run, setting.view, setting);
    if (figure.is_missing()) return std::nullopt;
    joules.push_back(figure.total().joules().value());
  }
  return joules;
}

std::optional<Seconds> short_window(const MeasuredRun& run, const MeasureSetting& setting) {
  return runners::longer_window_wanted(channels_in_view(run, setting), run.duration);
}

std::string series_text(const MeasuredSeries& series, const MeasureSetting& setting) {
  Lines lines;
  add_energy(lines, series, setting);
  add_time_and_power(lines, series, setting);
  add_carbon_and_cost(lines, series, setting);
  Lines notes;
  add_notes(notes, series, setting);
  const std::string runs =
      series.runs.size() > 1 ? fmt::format(", {} runs", series.runs.size()) : "";
  return fmt::format("\n{}{}{}\n{}\n{}\n{}", typed(series.command), runs,
                     end_words(series.runs.back()), lines.take(), channel_table(series, setting),
                     notes.take());
}

Json series_json(const MeasuredSeries& series, const MeasureSetting& setting) {
  Json json = setting_json(setting);
  json.update(runs_json(series, setting));
  return json;
}

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

std::string comparison_text(const MeasuredSeries& first, const MeasuredSeries& second,
                            const MeasureSetting& setting) {
  TextTable table{{"", "energy", "time", "command"}};
  table.add(comparison_row("A", first, setting));
  table.add(comparison_row("B", second, setting));
  const Ratios ratios = ratios_of(first, second, setting);
  Lines lines;
  const auto words = [&](const std::optional<math::RatioInterval>& ratio, const char* more,
                         const char* less) {
    if (ratio) return ratio_text(*ratio) + ": " + verdict(*ratio, more, less);
    return std::string(first.runs.size() < 2
                           ? "one pair tells nothing about chance; --repeat 6 does"
                           : "unknown: the energy of a run is missing or 0 J");
  };
  lines.add("energy B/A", words(ratios.energy, "needs more energy", "needs less energy"));
  lines.add("time B/A  ", words(ratios.time, "takes longer", "is faster"));
  Lines notes;
  add_notes(notes, second, setting);
  return fmt::format("\n{} in counter-balanced order; energy: {}\n\n{}\n{}\n{}",
                     first.runs.size() == 1 ? "1 pair" : fmt::format("{} pairs", first.runs.size()),
                     view_words(setting.view), table.text(), lines.take(), notes.take());
}

Json comparison_json(const MeasuredSeries& first, const MeasuredSeries& second,
                     const MeasureSetting& setting) {
  Json json = setting_json(setting);
  const Ratios ratios = ratios_of(first, second, setting);
  json["a"] = runs_json(first, setting);
  json["b"] = runs_json(second, setting);
  json["energy_ratio"] = ratio_json(ratios.energy);
  json["time_ratio"] = ratio_json(ratios.time);
  return json;
}

}  // namespace wattune::cli
