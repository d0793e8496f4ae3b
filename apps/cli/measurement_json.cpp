#include "machine.hpp"
#include "measured_figures.hpp"
#include "tariff_options.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/report/document.hpp"

// As JSON: docs/command-line.md.

namespace wattune::cli {
namespace {

using runners::MeasuredRun;
using Json = nlohmann::ordered_json;

/// The value where it is known for all of the run.
Json amount_json(const std::optional<energy::Amount>& amount) {
  return amount && amount->is_whole() ? Json(amount->value) : Json(nullptr);
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
  json["notes"] = run.notes;
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
               {"meter",
                {{"cpu_time_s", (setting.sampler.cpu_time + setting.sampler.edge_time).value()},
                 {"core_share", setting.sampler.core_share},
                 {"energy_share", value_or_null(setting.sampler.energy_share)}}},
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

Json ratio_json(const std::optional<math::RatioInterval>& ratio) {
  if (!ratio) return nullptr;
  const char* word = ratio->low > 1.0    ? "higher"
                     : ratio->high < 1.0 ? "lower"
                                         : "no difference shown";
  return {
      {"ratio", ratio->ratio}, {"low_95", ratio->low}, {"high_95", ratio->high}, {"verdict", word}};
}

}  // namespace

Json series_json(const MeasuredSeries& series, const MeasureSetting& setting) {
  Json json = setting_json(setting);
  json.update(runs_json(series, setting));
  return json;
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
