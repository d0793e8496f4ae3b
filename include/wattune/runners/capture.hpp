#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/runners/protocol.hpp"

namespace wattune::runners {

/// Where a metric, or `step`, stands in what a program prints.
struct CapturePattern {
  std::string name;  ///< A metric, or "step".
  std::string pattern;
};

/// Longer lines are matched up to here.
inline constexpr std::size_t kMaxCapturedLineBytes = 2048;

/// Makes reports of what an unmodified program prints.
///
/// A report is made when every required metric was seen since the last one and the step has grown;
/// it carries all metrics seen so far. A step that comes after a report on metrics begins anew.
/// Without a pattern for `step` the reports count from 1.
///
/// Threads  one thread per object
/// Cost     polynomial in the line; no recursion over it, so no line can exhaust the stack or hang
class Capture {
 public:
  /// Errors   ConfigError  a pattern that is no ECMAScript expression, uses back references, or has
  ///          not exactly one group; a name twice; no metric at all
  ///
  /// Takes    required  metrics of objectives; those without a pattern are ignored, and where none
  ///          is left any metric makes a report
  Capture(std::span<const CapturePattern> patterns, std::span<const std::string> required);
  ~Capture();
  Capture(Capture&&) noexcept;
  Capture& operator=(Capture&&) noexcept;

  /// Matches one line without its end.
  [[nodiscard]] std::optional<ReportMessage> read(std::string_view line);

 private:
  struct Matcher;

  [[nodiscard]] bool is_due() const;

  std::vector<Matcher> metrics_;
  std::unique_ptr<Matcher> step_matcher_;
  std::vector<std::string> required_;
  std::map<std::string, std::optional<double>> seen_;
  std::vector<std::string> fresh_;  // metrics since the last report
  std::optional<double> step_;
  std::optional<double> reported_step_;
  bool step_leads_ = false;  // the program prints a step before its metrics
};

/// A number as programs print it: 0.5, 1e-3, +2, nan; a NaN or an infinity is no value inside.
/// Nothing where the text is not a number.
[[nodiscard]] std::optional<std::optional<double>> captured_number(std::string_view text);

}  // namespace wattune::runners
