#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "wattune/energy/footprint.hpp"
#include "wattune/energy/node_sampler.hpp"
#include "wattune/energy/nvml.hpp"
#include "wattune/math/intervals.hpp"
#include "wattune/runners/measured_command.hpp"

namespace wattune::cli {

/// Whose energy a figure is.
enum class View {
  Allocated,  ///< All idle energy while the command ran, and its part of the rest by CPU time.
  Marginal,   ///< Its part of what the machine drew above idle.
  Machine,    ///< Everything that was metered, whoever used it.
};

[[nodiscard]] std::string_view to_text(View view);

/// What all figures of one call of `wattune measure` share.
struct MeasureSetting {
  View view = View::Allocated;
  energy::Tariff tariff;
  std::vector<energy::Channel> channels;
  bool knows_idle_power = false;
  std::vector<std::string> uncalibrated;
  std::string idle_words;
  std::vector<energy::GpuInfo> gpus;
  std::vector<std::string> warnings;  ///< In words, at the end.
  energy::SamplerReport sampler;      ///< What metering itself took.
};

/// One command and its runs.
struct MeasuredSeries {
  std::vector<std::string> command;
  std::vector<runners::MeasuredRun> runs;
};

/// Missing where idle power is not known and the view needs it.
[[nodiscard]] EnergyFigure figure_of(const runners::MeasuredRun& run, View view,
                                     const MeasureSetting& setting);

/// Joules of every run; nothing if one of them is missing.
[[nodiscard]] std::optional<std::vector<double>> joules_of(const MeasuredSeries& series,
                                                           const MeasureSetting& setting);

/// How much longer a run would have to be for the counters' steps not to decide.
[[nodiscard]] std::optional<Seconds> short_window(const runners::MeasuredRun& run,
                                                  const MeasureSetting& setting);

/// For people, with an empty line before it: the command's own output stands above.
[[nodiscard]] std::string series_text(const MeasuredSeries& series, const MeasureSetting& setting);
/// docs/command-line.md describes it.
[[nodiscard]] nlohmann::ordered_json series_json(const MeasuredSeries& series,
                                                 const MeasureSetting& setting);
/// One line per run, without the header.
[[nodiscard]] std::string series_csv(const MeasuredSeries& series, const MeasureSetting& setting,
                                     const std::string& project);

/// Two commands run in turn; as many runs of each.
[[nodiscard]] std::string comparison_text(const MeasuredSeries& first, const MeasuredSeries& second,
                                          const MeasureSetting& setting);
[[nodiscard]] nlohmann::ordered_json comparison_json(const MeasuredSeries& first,
                                                     const MeasuredSeries& second,
                                                     const MeasureSetting& setting);

}  // namespace wattune::cli
