#include "training/stop_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::string_view kPrefix = "val_";

double value_of(const Task::Metrics& metrics, const std::string& name) {
  const auto found = std::ranges::find(metrics, name, &Task::Metrics::value_type::first);
  return found == metrics.end() ? std::nan("") : found->second;
}

}  // namespace

std::optional<StopOptions::Target> to_target(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view metric = text.substr(0, equals);
  if (metric.starts_with(kPrefix)) metric.remove_prefix(kPrefix.size());
  const std::string_view number = text.substr(equals + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_number =
      error == std::errc{} && end == number.data() + number.size() && std::isfinite(value);
  if (metric.empty() || !is_number) return std::nullopt;
  return StopOptions::Target{std::string(metric), value};
}

StopRules::StopRules(StopOptions options, const std::vector<std::string>& metric_names)
    : options_(std::move(options)) {
  if (options_.target &&
      std::ranges::find(metric_names, options_.target->metric) == metric_names.end()) {
    throw UsageError(fmt::format("--stop-at: metric '{}' is not known; allowed: {}",
                                 options_.target->metric, fmt::join(metric_names, ", ")));
  }
}

bool StopRules::look(const Task::Metrics& validation) {
  if (options_.target) {
    const double value = value_of(validation, options_.target->metric);
    is_reached_ = is_higher_better(options_.target->metric) ? value >= options_.target->value
                                                            : value <= options_.target->value;
  }
  if (options_.patience > 0) {
    const double loss = value_of(validation, "loss");
    if (!best_loss_ || loss < *best_loss_ - options_.min_delta) {
      best_loss_ = loss;
      reports_since_best_ = 0;
    } else {
      ++reports_since_best_;
    }
    is_out_of_patience_ = reports_since_best_ >= options_.patience;
  }
  return is_reached_ || is_out_of_patience_;
}

Task::Metrics StopRules::last_words() const {
  Task::Metrics words;
  if (options_.target) words.emplace_back("reached", is_reached_ ? 1 : 0);
  if (options_.patience > 0) words.emplace_back("stopped_early", is_out_of_patience_ ? 1 : 0);
  return words;
}

nlohmann::json StopRules::state() const {
  return {{"best_loss", best_loss_ ? nlohmann::json(*best_loss_) : nlohmann::json()},
          {"reports_since_best", reports_since_best_}};
}

void StopRules::restore(const nlohmann::json& state) {
  const nlohmann::json& best = state.at("best_loss");
  if (!best.is_null()) best_loss_ = best.get<double>();
  reports_since_best_ = state.at("reports_since_best");
}

}  // namespace wattune::train
