#include "wattune/report/advice.hpp"

#include <fmt/format.h>

#include <cmath>

#include "wattune/base/text.hpp"

namespace wattune::report {
namespace {

constexpr double kWide = 100.0;         // two decades
constexpr double kEdge = 0.01;          // of a range
constexpr double kFewestOfAnInt = 4.0;  // a shorter range is all bounds
constexpr std::size_t kSeveralBounds = 2;

struct Bounds {
  space::NumberRange range;
  bool is_log = false;
  bool is_whole = false;
};

/// Of a range; nothing for choices and constants.
std::optional<Bounds> bounds_of(const space::Parameter& parameter) {
  if (const auto* real = std::get_if<space::FloatDomain>(&parameter.domain)) {
    return Bounds{{real->low, real->high}, real->log, false};
  }
  if (const auto* whole = std::get_if<space::IntDomain>(&parameter.domain)) {
    return Bounds{
        {static_cast<double>(whole->low), static_cast<double>(whole->high)}, whole->log, true};
  }
  return std::nullopt;
}

/// "lr (0.0998, high is 0.1)" where the value sits on a bound.
std::optional<std::string> bound_text(const space::Parameter& parameter,
                                      const space::Value& value) {
  const auto bounds = bounds_of(parameter);
  if (!bounds) return std::nullopt;
  double number = 0.0;
  if (const auto* real = std::get_if<double>(&value)) {
    number = *real;
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    number = static_cast<double>(*whole);
  } else {
    return std::nullopt;
  }
  const auto [low, high] = bounds->range;
  if (bounds->is_whole && high - low < kFewestOfAnInt - 1.0) return std::nullopt;
  const auto scaled = [&](double x) { return bounds->is_log ? std::log(x) : x; };
  const double place = (scaled(number) - scaled(low)) / (scaled(high) - scaled(low));
  const double edge = bounds->is_whole ? 0.0 : kEdge;
  if (place > edge && place < 1.0 - edge) return std::nullopt;
  const bool is_low = place <= edge;
  return fmt::format("{} ({:.4g}; `{}` is {})", parameter.name, number, is_low ? "low" : "high",
                     number_text(is_low ? low : high));
}

}  // namespace

std::optional<std::string> log_scale_advice(const space::Parameter& parameter) {
  const auto bounds = bounds_of(parameter);
  if (!bounds || bounds->is_log) return std::nullopt;
  const auto [low, high] = bounds->range;
  if (!(low > 0.0) || high / low <= kWide) return std::nullopt;
  return fmt::format(
      "`{}` spans {:.2g} decades, from {} to {}, without a log scale: hardly any value below "
      "{:.2g} "
      "would be tried; `log: true` makes equal ratios equally likely",
      parameter.name, std::log10(high / low), number_text(low), number_text(high), high / kWide);
}

std::optional<std::string> bounds_advice(const trial::History& history, TrialId id) {
  const space::Space& space = history.problem().space;
  const space::Configuration& configuration = history.trial(id).configuration();
  std::vector<std::string> edges;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (auto text = bound_text(space.parameters()[i], configuration[i])) {
      edges.push_back(*std::move(text));
    }
  }
  if (edges.size() < kSeveralBounds) return std::nullopt;
  return fmt::format(
      "The recommended trial {} sits on the bounds of {} ranges: {}. The best may lie beyond: "
      "wider "
      "ranges would tell, where the program allows them.",
      id.number(), edges.size(), fmt::join(edges, ", "));
}

std::vector<std::string> advice(const trial::History& history,
                                const std::vector<Recommendation>& recommendations) {
  std::vector<std::string> list;
  if (!recommendations.empty()) {
    if (auto text = bounds_advice(history, recommendations.front().trial)) {
      list.push_back(*std::move(text));
    }
  }
  for (const space::Parameter& parameter : history.problem().space.parameters()) {
    if (auto text = log_scale_advice(parameter)) list.push_back(*std::move(text) + ".");
  }
  return list;
}

}  // namespace wattune::report
