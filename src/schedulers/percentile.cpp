#include "wattune/schedulers/percentile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <unordered_map>

#include "changes.hpp"
#include "measures.hpp"
#include "report_interval.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::schedulers {
namespace {

/// What is compared, the lesser is better.
struct Key {
  double violation = 0.0;  // infinite where it is not known
  double loss = 0.0;
  auto operator<=>(const Key&) const = default;
};

/// An objective's values at one place, sorted.
using Values = std::vector<Key>;

/// What is kept of a trial.
struct Followed {
  std::size_t num_reports = 0;
  std::int64_t place = -1;  // of its last report
  std::vector<std::optional<Key>> best;
};

class PercentileRule final : public StopRule {
 public:
  PercentileRule(const trial::Problem& problem, const PercentileOptions& options, double interval)
      : options_(options), interval_(interval) {
    for (const trial::Objective& objective : problem.objectives) {
      if (!is_total_of_phase(objective.measure)) objectives_.push_back(objective);
    }
  }

  bool wants_stop(const trial::History& history, TrialId id) const override {
    follow(history);
    const trial::Trial& trial = history.trial(id);
    const std::int64_t place = place_of(trial.step());
    const bool is_new = trial.reports().size() < 2 ||
                        place_of(trial.reports()[trial.reports().size() - 2].step) < place;
    if (place < 0 || !is_new) return false;
    const auto found = places_.find(place);
    return found != places_.end() && is_behind(found->second, trials_[id.number()]);
  }

  std::optional<double> report_every() const override { return interval_; }

  std::string describe() const override {
    return fmt::format("worse than {} % of at least {} trials, from {}, every {}",
                       number_text(options_.percentile), options_.num_startup,
                       number_text(options_.warmup), number_text(interval_));
  }

 private:
  /// Number of the stretch of the resource that a step lies in; -1 before the first comparison.
  [[nodiscard]] std::int64_t place_of(double step) const {
    constexpr double kRounding = 1e-9;  // 0.3 is three times 0.1
    const double first = std::max(options_.warmup, interval_);
    const double place = std::floor((step - first) / interval_ + kRounding);
    return place < 0.0 ? -1 : static_cast<std::int64_t>(place);
  }

  void follow(const trial::History& history) const {
    if (!changes_.is_continued(history)) {
      trials_.clear();
      places_.clear();
    }
    changes_.take(history, [&](const trial::Trial& trial) { follow(history, trial); });
  }

  void follow(const trial::History& history, const trial::Trial& trial) const {
    const std::size_t number = trial.id().number();
    if (trials_.size() <= number) trials_.resize(number + 1);
    Followed& followed = trials_[number];
    followed.best.resize(objectives_.size());
    const auto reports = trial.reports();
    for (; followed.num_reports < reports.size(); ++followed.num_reports) {
      const double step = reports[followed.num_reports].step;
      const std::int64_t place = place_of(step);
      const bool is_first_there = place > followed.place;
      followed.place = place;
      for (std::size_t i = 0; i < objectives_.size(); ++i) {
        const auto key = key_of(history, trial, objectives_[i], step);
        if (!key) continue;
        const bool is_metric = objectives_[i].measure.kind == trial::MeasureKind::Metric;
        std::optional<Key>& best = followed.best[i];
        best = best && is_metric ? std::min(*best, *key) : *key;
        if (is_first_there) insert(place, i, *key);
      }
    }
  }

  void insert(std::int64_t place, std::size_t objective, const Key& key) const {
    std::vector<Values>& at = places_[place];
    at.resize(objectives_.size());
    Values& values = at[objective];
    values.insert(std::ranges::upper_bound(values, key), key);
  }

  [[nodiscard]] static std::optional<Key> key_of(const trial::History& history,
                                                 const trial::Trial& trial,
                                                 const trial::Objective& objective, double step) {
    constexpr double kUnknown = std::numeric_limits<double>::infinity();
    const auto value = history.value_at(trial, objective.measure, step);
    if (!value) return std::nullopt;
    return Key{history.violation_at(trial, step).value_or(kUnknown),
               trial::as_loss(objective, *value)};
  }

  [[nodiscard]] bool is_behind(const std::vector<Values>& at, const Followed& trial) const {
    bool is_judged = false;
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
      if (!trial.best[i] || at[i].size() <= options_.num_startup) continue;
      const auto num_others = static_cast<double>(at[i].size() - 1);  // it is there itself
      const auto num_better =
          static_cast<double>(std::ranges::lower_bound(at[i], *trial.best[i]) - at[i].begin());
      if (100.0 * num_better <= options_.percentile * num_others) return false;
      is_judged = true;
    }
    return is_judged;
  }

  PercentileOptions options_;
  double interval_;
  std::vector<trial::Objective> objectives_;
  mutable Changes changes_;
  mutable std::vector<Followed> trials_;
  mutable std::unordered_map<std::int64_t, std::vector<Values>> places_;
};

}  // namespace

std::unique_ptr<StopRule> make_percentile_rule(const trial::Problem& problem,
                                               const PercentileOptions& options) {
  if (!(options.percentile >= 0.0 && options.percentile <= 100.0)) {
    throw ConfigError(fmt::format("percentile: {} is not allowed; it is from 0 to 100",
                                  number_text(options.percentile)));
  }
  const double interval = options.interval.value_or(usual_report_interval(problem.resource));
  if (!(interval > 0.0)) {
    throw ConfigError(
        fmt::format("interval: {} is not allowed; it is above 0", number_text(interval)));
  }
  if (!(options.warmup >= 0.0)) {
    throw ConfigError(
        fmt::format("warmup: {} is not allowed; it is 0 or more", number_text(options.warmup)));
  }
  return std::make_unique<PercentileRule>(problem, options, interval);
}

}  // namespace wattune::schedulers
