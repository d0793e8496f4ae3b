#include "wattune/runners/capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

namespace wattune::runners {
namespace {

// libstdc++'s matcher for this flag neither recurses over the line nor backtracks.
constexpr auto kSyntax = std::regex_constants::ECMAScript | std::regex_constants::__polynomial |
                         std::regex_constants::optimize;

std::regex compile(const CapturePattern& pattern) {
  std::regex expression;
  try {
    expression = std::regex(pattern.pattern, kSyntax);
  } catch (const std::regex_error& error) {
    const bool refers_back = error.code() == std::regex_constants::error_complexity;
    throw ConfigError(fmt::format(
        "capture: the pattern '{}' of {} {}", pattern.pattern, pattern.name,
        refers_back ? "uses a back reference, which is not allowed"
                    : fmt::format("is not an ECMAScript regular expression: {}", error.what())));
  }
  if (expression.mark_count() != 1) {
    throw ConfigError(
        fmt::format("capture: the pattern '{}' of {} has {} groups and needs exactly one, around "
                    "the number; write (?: ) for others",
                    pattern.pattern, pattern.name, expression.mark_count()));
  }
  return expression;
}

}  // namespace

struct Capture::Matcher {
  std::string name;
  std::regex expression;

  /// The number in the pattern's group, where the line has it.
  [[nodiscard]] std::optional<std::optional<double>> find(std::string_view line) const {
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(line.begin(), line.end(), match, expression)) return std::nullopt;
    return captured_number(match[1].str());
  }
};

Capture::Capture(std::span<const CapturePattern> patterns, std::span<const std::string> required) {
  for (const CapturePattern& pattern : patterns) {
    const bool is_repeated = std::ranges::count(patterns, pattern.name, &CapturePattern::name) > 1;
    if (is_repeated) throw ConfigError("capture: two patterns for " + pattern.name);
    Matcher matcher{pattern.name, compile(pattern)};
    if (pattern.name == "step") {
      step_matcher_ = std::make_unique<Matcher>(std::move(matcher));
    } else {
      metrics_.push_back(std::move(matcher));
    }
  }
  if (metrics_.empty()) throw ConfigError("capture: at least one metric needs a pattern");
  for (const std::string& name : required) {
    if (std::ranges::count(metrics_, name, &Matcher::name) > 0) required_.push_back(name);
  }
}

Capture::~Capture() = default;
Capture::Capture(Capture&&) noexcept = default;
Capture& Capture::operator=(Capture&&) noexcept = default;

bool Capture::is_due() const {
  if (fresh_.empty()) return false;
  const bool has_required = std::ranges::all_of(
      required_, [&](const auto& name) { return std::ranges::count(fresh_, name) > 0; });
  if (!has_required) return false;
  return !step_matcher_ || (step_ && (!reported_step_ || *step_ > *reported_step_));
}

std::optional<ReportMessage> Capture::read(std::string_view line) {
  line = line.substr(0, kMaxCapturedLineBytes);
  const auto step = step_matcher_ ? step_matcher_->find(line) : std::nullopt;
  if (step && *step) {
    if (step_leads_ && (!step_ || **step > *step_)) fresh_.clear();
    step_ = **step;
  }
  bool has_metric = false;
  for (const Matcher& matcher : metrics_) {
    const auto value = matcher.find(line);
    if (!value) continue;
    has_metric = true;
    seen_[matcher.name] = *value;
    fresh_.push_back(matcher.name);
  }
  if (!is_due()) return std::nullopt;
  ReportMessage report;
  report.step = step_matcher_ ? *step_ : reported_step_.value_or(0.0) + 1.0;
  for (const auto& [name, value] : seen_) report.metrics.push_back({name, value});
  step_leads_ = has_metric;
  reported_step_ = report.step;
  fresh_.clear();
  return report;
}

std::optional<std::optional<double>> captured_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // "0.5." at the end of a sentence, "0.5," in a list
  while (!text.empty() && (text.back() == '.' || text.back() == ',')) text.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::optional<double>{};
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::isfinite(value) ? std::optional<double>{value} : std::optional<double>{};
}

}  // namespace wattune::runners
