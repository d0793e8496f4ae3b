#include "live_view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/report/recommendation.hpp"

namespace wattune::cli {
namespace {

using trial::History;
using trial::Trial;

/// The budget that is nearest to its end, or nothing where there is none.
const trial::BudgetUse* tightest(std::span<const trial::BudgetUse> budgets) {
  const auto found = std::ranges::max_element(
      budgets, {}, [](const trial::BudgetUse& budget) { return budget.used / budget.limit; });
  return found == budgets.end() ? nullptr : &*found;
}

std::string amount_text(double amount, const std::string& unit) {
  if (unit == "s") return duration_text(Seconds{amount});
  if (unit == "J" || unit == "g") return si_text(amount, unit);
  return fmt::format("{:.4g}{}{}", amount, unit.empty() ? "" : " ", unit);
}

std::string bar(double share, std::size_t width) {
  const auto full =
      static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string budget_line(const LiveState& state) {
  const trial::BudgetUse* budget = tightest(state.budgets);
  if (budget == nullptr)
    return fmt::format("running for {}", duration_text(state.history.total_duration()));
  const double share = budget->used / budget->limit;
  std::string line = fmt::format(
      "{} {:3.0f} %  {} {} of {}", bar(share, 24), 100.0 * std::min(share, 1.0), budget->name,
      amount_text(budget->used, budget->unit), amount_text(budget->limit, budget->unit));
  const double elapsed = state.history.total_duration().value();
  if (share > 0.02 && share < 1.0 && elapsed > 0.0) {
    line += fmt::format("  about {} more", duration_text(Seconds{elapsed * (1.0 - share) / share}));
  }
  return line;
}

std::string configuration_text(const History& history, const Trial& trial) {
  const space::Space& space = history.problem().space;
  std::string text;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!trial.configuration().is_active(i)) continue;
    std::string value = space.value_text(i, trial.configuration()[i]);
    if (const auto* number = std::get_if<double>(&trial.configuration()[i])) {
      value = fmt::format("{:.3g}", *number);
    }
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", space.parameters()[i].name, value);
  }
  return text;
}

std::string quality_text(const History& history, const Trial& trial) {
  const trial::Measure& measure = history.problem().objectives.front().measure;
  const auto value = history.value(trial, measure);
  if (!value) return fmt::format("{} –", to_text(measure));
  return fmt::format("{} {:.4g}", to_text(measure), *value);
}

std::string best_line(const History& history) {
  for (const report::Recommendation& recommendation : report::recommend(history, 0.0)) {
    if (recommendation.kind != report::RecommendationKind::BestQuality) continue;
    const Trial& best = history.trial(recommendation.trial);
    return fmt::format("best     {}  trial {}  {}  {}", quality_text(history, best),
                       best.id().number(), si_text(best.energy().total().joules().value(), "J"),
                       configuration_text(history, best));
  }
  return "best     no result yet";
}

std::string totals_line(const History& history) {
  std::size_t num_failed = 0;
  std::size_t num_search = 0;
  for (const Trial& trial : history.trials()) {
    if (trial.state() == trial::TrialState::Failed) ++num_failed;
    if (trial.purpose() == trial::Purpose::Search) ++num_search;
  }
  return fmt::format("so far   {}  {} trials{}", to_text(history.total_energy()), num_search,
                     num_failed > 0 ? fmt::format(", {} failed", num_failed) : "");
}

std::string task_text(const Trial& trial) {
  switch (trial.purpose()) {
    case trial::Purpose::Probe:
      return "probe";
    case trial::Purpose::Finalist:
      return "finalist";
    case trial::Purpose::Search:
      break;
  }
  return fmt::format("rung {}", trial.rung());
}

std::string running_line(const History& history, const runners::Running& running) {
  const Trial& trial = history.trial(running.trial);
  std::string reach;
  if (history.problem().resource.unit != trial::ResourceUnit::Run) {
    reach = fmt::format("  {}/{} {}", number_text(trial.step()), number_text(trial.target()),
                        to_text(history.problem().resource.unit));
  }
  return fmt::format("trial {:<4}{}{}  {}  {}", trial.id().number(), task_text(trial), reach,
                     running.power ? fmt::format("{:.1f} W", running.power->value()) : "– W",
                     trial.purpose() == trial::Purpose::Probe ? configuration_text(history, trial)
                                                              : quality_text(history, trial));
}

std::string line_of(const trial::Assigned& event, const History& history) {
  const trial::Assignment& assignment = event.assignment;
  const Trial& trial = history.trial(assignment.trial);
  const bool is_resumed = trial.num_assignments() > 1;
  return fmt::format(
      "trial {} {} {}: {} to {} {}", assignment.trial.number(), is_resumed ? "goes on," : "starts,",
      to_text(assignment.stage),
      is_resumed ? number_text(assignment.from) : configuration_text(history, trial) + ",",
      number_text(assignment.to), to_text(history.problem().resource.unit));
}

std::string line_of(const trial::Reported& event, const History& history) {
  const Trial& trial = history.trial(event.trial);
  if (trial.purpose() == trial::Purpose::Probe) return {};
  return fmt::format("trial {} at {}: {}, {}", event.trial.number(), number_text(event.step),
                     quality_text(history, trial), to_text(trial.energy()));
}

std::string line_of(const trial::AssignmentEnded& event, const History&) {
  std::string line = fmt::format("trial {} {}", event.trial.number(), to_text(event.outcome));
  const bool says_why = trial::is_failure(event.outcome) || trial::is_cut_by_budget(event.outcome);
  if (says_why && !event.detail.empty()) line += ": " + event.detail;
  return line;
}

/// Only of a wait: every trial sees devices.
std::string line_of(const trial::DevicesSeen& event, const History&) {
  if (!event.cooldown || event.cooldown->waited < Seconds{1.0}) return {};
  return fmt::format("trial {} waited {} for the machine to cool down{}", event.trial.number(),
                     duration_text(event.cooldown->waited),
                     event.cooldown->is_reached ? "" : ", which it did not in that time");
}

std::string line_of(const trial::IdleMeasured& event, const History&) {
  return fmt::format("idle power {:.1f} W ({})", event.power.value(),
                     to_text(event.energy.provenance));
}

template <typename Other>
std::string line_of(const Other&, const History&) {
  return {};
}

}  // namespace

std::vector<std::string> live_lines(const LiveState& state, std::size_t width) {
  const History& history = state.history;
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}  {}", history.problem().name, history.problem().strategy));
  lines.push_back(budget_line(state));
  lines.push_back(state.progress);
  lines.push_back(best_line(history));
  lines.push_back(totals_line(history));
  for (const runners::Running& running : state.running) {
    lines.push_back(running_line(history, running));
  }
  for (std::string& line : lines) line = cut_to(std::move(line), width);
  return lines;
}

std::string plain_line(const trial::Event& event, const History& history) {
  return std::visit([&](const auto& e) { return line_of(e, history); }, event);
}

void Screen::draw(const std::vector<std::string>& lines) {
  std::string text;
  if (num_drawn_ > 0) text += fmt::format("\x1b[{}A", num_drawn_);
  for (const std::string& line : lines) text += "\r\x1b[2K" + line + "\n";
  for (std::size_t i = lines.size(); i < num_drawn_; ++i) text += "\r\x1b[2K\n";
  if (num_drawn_ > lines.size()) text += fmt::format("\x1b[{}A", num_drawn_ - lines.size());
  num_drawn_ = lines.size();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Screen::keep() {
  num_drawn_ = 0;
}

std::size_t Screen::width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace wattune::cli
