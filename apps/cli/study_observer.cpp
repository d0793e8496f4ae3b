#include "study_observer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include "live_view.hpp"

namespace wattune::cli {
namespace {

class LiveObserver final : public study::Observer {
 public:
  void on_event(const trial::Event& event, const trial::History& history) override {
    const auto* ended = std::get_if<trial::AssignmentEnded>(&event);
    if (ended == nullptr || !trial::is_failure(ended->outcome)) return;
    // A failure must not scroll away: it is written above the view.
    screen_.draw({plain_line(event, history)});
    screen_.keep();
  }

  void on_idle(const trial::History& history, std::span<const runners::Running> running,
               std::string_view progress, std::span<const trial::BudgetUse> budgets) override {
    const LiveState state{history, running, budgets, std::string{progress}};
    screen_.draw(live_lines(state, Screen::width()));
  }

 private:
  Screen screen_;
};

class PlainObserver final : public study::Observer {
 public:
  void on_event(const trial::Event& event, const trial::History& history) override {
    const std::string line = plain_line(event, history);
    if (line.empty()) return;
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  void on_idle(const trial::History&, std::span<const runners::Running>, std::string_view progress,
               std::span<const trial::BudgetUse>) override {
    if (progress == last_progress_) return;
    last_progress_ = progress;
    fmt::print("{}\n", progress);
    std::fflush(stdout);
  }

 private:
  std::string last_progress_;
};

}  // namespace

std::unique_ptr<study::Observer> make_live_observer() {
  return std::make_unique<LiveObserver>();
}

std::unique_ptr<study::Observer> make_plain_observer() {
  return std::make_unique<PlainObserver>();
}

}  // namespace wattune::cli
