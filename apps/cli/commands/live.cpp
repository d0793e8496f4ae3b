#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "live_view.hpp"
#include "machine.hpp"
#include "machine_options.hpp"
#include "parse_duration.hpp"
#include "power_limits.hpp"
#include "stop_wait.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/energy/machine_watch.hpp"
#include "wattune/report/document.hpp"

namespace wattune::cli {
namespace {

using energy::MachineWatch;
using energy::WatchedChannel;
using Json = nlohmann::ordered_json;

constexpr Seconds kShortestInterval{0.05};
constexpr std::size_t kMostSteps = 200;  ///< Of a sparkline: no terminal shows more.
constexpr std::size_t kFewestSteps = 8;

struct LiveOptions {
  std::string interval = "1 s";
  bool once = false;
  bool as_json = false;
  bool plain = false;
};

/// Powers of the last steps, newest last; nothing where a step could not be read.
using Trace = std::deque<std::optional<Watts>>;

std::string power_text(std::optional<Watts> power) {
  return power ? si_text(power->value(), "W") : "–";
}

/// Between the lowest and the highest power shown, from ▁ to █; a gap where nothing is known.
std::string sparkline(const Trace& trace, std::size_t width) {
  constexpr const char* kSteps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t first = trace.size() > width ? trace.size() - width : 0;
  double highest = 0.0;
  for (std::size_t i = first; i < trace.size(); ++i) {
    if (trace[i]) highest = std::max(highest, trace[i]->value());
  }
  std::string text;
  for (std::size_t i = first; i < trace.size(); ++i) {
    if (!trace[i] || highest <= 0.0) {
      text += " ";
      continue;
    }
    const auto step = static_cast<std::size_t>(trace[i]->value() / highest * 7.0 + 0.5);
    text += kSteps[std::min<std::size_t>(step, 7)];
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

/// The table of channels; the last row is their sum, where it is one.
std::string table_text(const MachineWatch& watch) {
  TextTable table{{"channel", "now", "mean", "energy since the start"}};
  for (const WatchedChannel& watched : watch.channels()) {
    table.add({watched.channel.id, power_text(watched.power), power_text(watched.mean),
               to_text(watched.energy)});
  }
  if (watch.channels().size() > 1) {
    const EnergyFigure total = watch.total();
    std::optional<Watts> mean;
    if (!total.is_missing()) mean = total.total().joules() / watch.duration();
    table.add({"together", power_text(watch.power()), power_text(mean), to_text(total)});
  }
  return table.text();
}

std::vector<std::string> screen_lines(const MachineWatch& watch, const std::vector<Trace>& traces,
                                      const std::vector<std::string>& notes, std::size_t width) {
  std::vector<std::string> lines = lines_of(table_text(watch));
  std::size_t table_width = 0;
  for (const std::string& line : lines) table_width = std::max(table_width, num_columns(line));
  const bool has_room = table_width + 2 + kFewestSteps <= width;
  for (std::size_t i = 0; has_room && i < traces.size(); ++i) {
    std::string& line = lines[i + 1];
    line += std::string(table_width + 2 - num_columns(line), ' ') +
            sparkline(traces[i], width - table_width - 2);
  }
  lines.insert(lines.end(), notes.begin(), notes.end());
  lines.push_back(fmt::format("{} so far; Ctrl-C ends it", duration_text(watch.duration())));
  for (std::string& line : lines) line = cut_to(std::move(line), width);
  return lines;
}

Json watch_json(const MachineWatch& watch, const std::vector<std::string>& notes,
                const Clock& clock) {
  const auto watts = [](std::optional<Watts> power) {
    return power ? Json(power->value()) : Json(nullptr);
  };
  Json json = {{"time", iso_text(clock.wall_now())},
               {"duration_s", watch.duration().value()},
               {"power_w", watts(watch.power())},
               {"energy", report::to_json(watch.total())},
               {"notes", notes},
               {"channels", Json::array()}};
  for (const WatchedChannel& watched : watch.channels()) {
    json["channels"].push_back({{"id", watched.channel.id},
                                {"kind", energy::to_text(watched.channel.kind)},
                                {"power_w", watts(watched.power)},
                                {"mean_power_w", watts(watched.mean)},
                                {"energy", report::to_json(watched.energy)}});
  }
  return json;
}

std::string plain_line(const MachineWatch& watch) {
  std::string line = fmt::format("{:.1f} s", watch.duration().value());
  for (const WatchedChannel& watched : watch.channels()) {
    line += fmt::format("  {} {}", watched.channel.id, power_text(watched.power));
  }
  return line + "  " + to_text(watch.total());
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

class Viewer {
 public:
  Viewer(const LiveOptions& options, const Clock& clock) : options_(options), clock_(clock) {
    is_terminal_ = !options.plain && !options.as_json && isatty(STDOUT_FILENO) != 0;
  }

  void show(MachineWatch& watch) {
    for (std::string& note : watch.take_notes()) notes_.push_back(std::move(note));
    traces_.resize(watch.channels().size());
    for (std::size_t i = 0; i < traces_.size(); ++i) {
      traces_[i].push_back(watch.channels()[i].power);
      if (traces_[i].size() > kMostSteps) traces_[i].pop_front();
    }
    if (options_.as_json) return print(watch_json(watch, notes_, clock_).dump() + "\n");
    if (options_.once) return;  // The end shows it.
    if (is_terminal_) return screen_.draw(screen_lines(watch, traces_, notes_, Screen::width()));
    print(plain_line(watch) + "\n");
  }

  void end(const MachineWatch& watch) const {
    if (options_.as_json) return;
    print(fmt::format("{}{} in {}\n", is_terminal_ ? "\n" : "", to_text(watch.total()),
                      duration_text(watch.duration())));
    if (options_.once || !is_terminal_) print(table_text(watch));
    for (const std::string& note : notes_) print(note + "\n");
  }

 private:
  const LiveOptions& options_;
  const Clock& clock_;
  bool is_terminal_ = false;
  Screen screen_;
  std::vector<Trace> traces_;
  std::vector<std::string> notes_;  ///< Of the meters, since the start.
};

void live(const LiveOptions& options, const MachineOptions& machine_options) {
  const Seconds interval = parse_duration(options.interval, "--interval");
  if (interval < kShortestInterval) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("--interval {}: at least 0.05 s", options.interval));
  }
  const SystemClock clock;
  restore_left_power_limits(machine_options.nvml_library);
  energy::MachineMeters machine = open_machine(clock, machine_options);
  if (machine.meters.empty()) {
    throw CommandError(ExitStatus::Failure,
                       "nothing here can be metered; `wattune doctor` says why");
  }
  MachineWatch watch{std::move(machine.meters),
                     {.num_cores = num_cores(), .proc_root = machine_options.proc_root},
                     clock.now()};
  StopWait stop;
  Viewer viewer{options, clock};
  const Seconds gap = std::min(interval, watch.longest_safe_gap());
  MonotonicTime shown = clock.now();
  for (bool goes_on = true; goes_on;) {
    goes_on = !stop.wait(gap);
    watch.tick(clock.now());
    if (goes_on && elapsed(shown, clock.now()) + Seconds{0.001} < interval) continue;
    shown = clock.now();
    viewer.show(watch);
    if (options.once) break;
  }
  viewer.end(watch);
}

}  // namespace

void add_meter_live(const Command& meter) {
  const Command command = meter.add("live", "Show what every channel draws, until Ctrl-C");
  const auto options = std::make_shared<LiveOptions>();
  const auto machine = std::make_shared<MachineOptions>();
  command.option("--interval", options->interval, "between two readings; 1 s where left out");
  command.flag("--once", options->once, "one interval, then the table");
  command.flag("--json", options->as_json, "a line of JSON per interval");
  command.flag("--plain", options->plain, "lines instead of the live view");
  add_machine_options(command, machine);
  command.footer(
      "Examples:\n"
      "  wattune meter live\n"
      "  wattune meter live --interval 0.2\n"
      "  wattune meter live --once --json | jq .power_w\n");
  command.on_call([options, machine] { live(*options, *machine); });
}

}  // namespace wattune::cli
