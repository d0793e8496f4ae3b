#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wattune/runners/runner.hpp"
#include "wattune/trial/budget.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::cli {

/// What the screen shows of a study that runs.
struct LiveState {
  const trial::History& history;
  std::span<const runners::Running> running;
  std::span<const trial::BudgetUse> budgets;
  std::string progress;  ///< The strategy's own words.
};

/// The lines of the live view, each at most `width` characters wide on a terminal.
[[nodiscard]] std::vector<std::string> live_lines(const LiveState& state, std::size_t width);

/// One line for a log that is not a terminal; empty for events that are not worth one.
[[nodiscard]] std::string plain_line(const trial::Event& event, const trial::History& history);

/// Draws lines over the ones drawn before, on a terminal.
class Screen {
 public:
  void draw(const std::vector<std::string>& lines);
  /// Leaves the last drawing where it is; the next one starts below.
  void keep();
  /// Columns of the terminal, 80 where it does not say.
  [[nodiscard]] static std::size_t width();

 private:
  std::size_t num_drawn_ = 0;
};

}  // namespace wattune::cli
