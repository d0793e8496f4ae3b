#include "measurement.hpp"

#include <algorithm>
#include <cmath>

#include "measured_figures.hpp"

namespace wattune::cli {
namespace {

using runners::MeasuredRun;

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

/// One run has no interval.
std::optional<math::MeanInterval> interval_from_two(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  return math::mean_interval(values);
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

WallTime end_of(const MeasuredRun& run) {
  return run.started_at + std::chrono::microseconds(std::llround(run.duration.value() * 1e6));
}

energy::Footprint footprint_of(const MeasuredRun& run, const MeasureSetting& setting) {
  return energy::footprint(figure_of(run, setting.view, setting), run.started_at, end_of(run),
                           setting.tariff);
}

Ratios ratios_of(const MeasuredSeries& first, const MeasuredSeries& second,
                 const MeasureSetting& setting) {
  return {ratio_of(joules_of(first, setting), joules_of(second, setting)),
          ratio_of(values_of(first, seconds_of), values_of(second, seconds_of))};
}

}  // namespace wattune::cli
