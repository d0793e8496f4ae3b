#include "study_observer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "live_view.hpp"

namespace wattune::cli {
namespace {

constexpr std::string_view kStopping =
    "stopping: trials are told to pause; Ctrl-C again ends them now";

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LiveObserver final : public study::Observer {
 public:
  explicit LiveObserver(const study::StopSignal& stop) : stop_(stop) {}

  void on_event(const trial::Event& event, const trial::History& history) override {
    const auto* ended = std::get_if<trial::AssignmentEnded>(&event);
    if (ended == nullptr || !trial::is_failure(ended->outcome)) return;
    // A failure must not scroll away: it is written above the view.
    screen_.draw(split_lines(plain_line(event, history)));
    screen_.keep();
  }

  void on_idle(const trial::History& history, std::span<const runners::Running> running,
               std::string_view progress, std::span<const trial::BudgetUse> budgets) override {
    const LiveState state{history, running, budgets,
                          std::string{stop_.wants_pause() ? kStopping : progress}};
    screen_.draw(live_lines(state, Screen::width()));
  }

 private:
  const study::StopSignal& stop_;
  Screen screen_;
};

class PlainObserver final : public study::Observer {
 public:
  explicit PlainObserver(const study::StopSignal& stop) : stop_(stop) {}

  void on_event(const trial::Event& event, const trial::History& history) override {
    const std::string line = plain_line(event, history);
    if (line.empty()) return;
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  void on_idle(const trial::History&, std::span<const runners::Running>, std::string_view progress,
               std::span<const trial::BudgetUse>) override {
    if (stop_.wants_pause()) progress = kStopping;
    if (progress == last_progress_) return;
    last_progress_ = progress;
    fmt::print("{}\n", progress);
    std::fflush(stdout);
  }

 private:
  const study::StopSignal& stop_;
  std::string last_progress_;
};

}  // namespace

std::unique_ptr<study::Observer> make_live_observer(const study::StopSignal& stop) {
  return std::make_unique<LiveObserver>(stop);
}

std::unique_ptr<study::Observer> make_plain_observer(const study::StopSignal& stop) {
  return std::make_unique<PlainObserver>(stop);
}

}  // namespace wattune::cli
