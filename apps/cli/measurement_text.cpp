#include <fmt/format.h>

#include <functional>

#include "measured_figures.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wrap.hpp"

// For people.

namespace wattune::cli {
namespace {

using runners::MeasuredRun;

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
  lines.add("meter", fmt::format("took {} of CPU time itself, {:.2g} % of a core",
                                 time_text(setting.sampler.cpu_time + setting.sampler.edge_time),
                                 setting.sampler.core_share * 100.0));
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

/// What happened to the meters while one of the runs was measured.
void add_meter_notes(Lines& lines, const MeasuredSeries& series, std::string_view name) {
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    for (const std::string& note : series.runs[i].notes) {
      lines.note(fmt::format("{} {}: {}", name, i + 1, note));
    }
  }
}

std::string end_words(const MeasuredRun& run) {
  if (run.end.signal) return fmt::format(", ended by signal {}", *run.end.signal);
  if (run.end.status.value_or(0) != 0) return fmt::format(", exit status {}", *run.end.status);
  return "";
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

}  // namespace

std::string series_text(const MeasuredSeries& series, const MeasureSetting& setting) {
  Lines lines;
  add_energy(lines, series, setting);
  add_time_and_power(lines, series, setting);
  add_carbon_and_cost(lines, series, setting);
  Lines notes;
  add_meter_notes(notes, series, "run");
  add_notes(notes, series, setting);
  const std::string runs =
      series.runs.size() > 1 ? fmt::format(", {} runs", series.runs.size()) : "";
  return fmt::format("\n{}{}{}\n{}\n{}\n{}", typed(series.command), runs,
                     end_words(series.runs.back()), lines.take(), channel_table(series, setting),
                     notes.take());
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
  add_meter_notes(notes, first, "A, run");
  add_meter_notes(notes, second, "B, run");
  add_notes(notes, second, setting);
  return fmt::format("\n{} in counter-balanced order; energy: {}\n\n{}\n{}\n{}",
                     first.runs.size() == 1 ? "1 pair" : fmt::format("{} pairs", first.runs.size()),
                     view_words(setting.view), table.text(), lines.take(), notes.take());
}

}  // namespace wattune::cli
