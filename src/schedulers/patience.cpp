#include "wattune/schedulers/patience.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "changes.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::schedulers {
namespace {

std::vector<trial::Objective> metrics_of(const trial::Problem& problem, std::string_view rule) {
  std::vector<trial::Objective> metrics;
  for (const trial::Objective& objective : problem.objectives) {
    if (objective.measure.kind == trial::MeasureKind::Metric) metrics.push_back(objective);
  }
  if (metrics.empty()) {
    throw ConfigError(fmt::format("{} needs a metric among the objectives", rule));
  }
  return metrics;
}

/// The objective's value in one report, where that has it.
std::optional<double> loss_in(const trial::History& history, const trial::Trial& trial,
                              const trial::Objective& objective, std::size_t report) {
  const auto id = history.metric_id(objective.measure.name);
  const auto value = id ? trial.metric(report, *id) : std::nullopt;
  if (!value) return std::nullopt;
  return trial::as_loss(objective, *value);
}

void require(bool holds, std::string_view key, double value, std::string_view allowed) {
  if (holds) return;
  throw ConfigError(
      fmt::format("{}: {} is not allowed; it is {}", key, number_text(value), allowed));
}

class PatienceRule final : public StopRule {
 public:
  PatienceRule(const trial::Problem& problem, const PatienceOptions& options)
      : options_(options), metrics_(metrics_of(problem, "patience")) {}

  bool wants_stop(const trial::History& history, TrialId id) const override {
    if (!changes_.is_continued(history)) watched_.clear();
    changes_.take(history, [](const trial::Trial&) {});
    const trial::Trial& trial = history.trial(id);
    Watched& watched = watched_[id.number()];
    watched.best.resize(metrics_.size());
    for (; watched.num_reports < trial.reports().size(); ++watched.num_reports) {
      const bool counts = trial.reports()[watched.num_reports].step >= options_.warmup;
      const bool is_better = improves(history, trial, watched);
      watched.num_without = is_better || !counts ? 0 : watched.num_without + 1;
    }
    return watched.num_without >= options_.num_reports;
  }

  std::optional<double> report_every() const override { return std::nullopt; }

  std::string describe() const override {
    return fmt::format("{} reports bring no improvement above {}, from {}", options_.num_reports,
                       number_text(options_.min_improvement), number_text(options_.warmup));
  }

 private:
  struct Watched {
    std::size_t num_reports = 0;
    std::size_t num_without = 0;
    std::vector<std::optional<double>> best;
  };

  /// Takes in the next report; does it improve any objective?
  bool improves(const trial::History& history, const trial::Trial& trial, Watched& watched) const {
    bool is_better = false;
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      const auto loss = loss_in(history, trial, metrics_[i], watched.num_reports);
      std::optional<double>& best = watched.best[i];
      if (!loss || (best && *loss >= *best - options_.min_improvement)) continue;
      best = loss;
      is_better = true;
    }
    return is_better;
  }

  PatienceOptions options_;
  std::vector<trial::Objective> metrics_;
  mutable Changes changes_;
  mutable std::unordered_map<std::uint32_t, Watched> watched_;
};

class ConvergenceRule final : public StopRule {
 public:
  ConvergenceRule(const trial::Problem& problem, const ConvergenceOptions& options)
      : options_(options),
        metric_(metrics_of(problem, "convergence").front()),
        cost_{
            options.per == GainPer::Gram ? trial::MeasureKind::Carbon : trial::MeasureKind::Energy,
            ""} {}

  bool wants_stop(const trial::History& history, TrialId id) const override {
    const trial::Trial& trial = history.trial(id);
    const auto reports = trial.reports();
    if (reports.size() <= options_.num_reports || trial.step() < options_.warmup) return false;
    const std::size_t before = reports.size() - 1 - options_.num_reports;
    const auto cost_before = history.value_at(trial, cost_, reports[before].step);
    const auto cost_now = history.value(trial, cost_);
    const auto best_before = best_of(history, trial, before + 1);
    const auto best_now = best_of(history, trial, reports.size());
    if (!cost_before || !cost_now || !best_before || !best_now) return false;
    const double unit = options_.per == GainPer::Kilojoule ? 1e3 : 1.0;
    return *best_before - *best_now < options_.min_gain * (*cost_now - *cost_before) / unit;
  }

  std::optional<double> report_every() const override { return std::nullopt; }

  std::string describe() const override {
    return fmt::format("{} reports gain less than {} per {}, from {}", options_.num_reports,
                       number_text(options_.min_gain),
                       options_.per == GainPer::Gram ? "gram" : "kilojoule",
                       number_text(options_.warmup));
  }

 private:
  [[nodiscard]] std::optional<double> best_of(const trial::History& history,
                                              const trial::Trial& trial,
                                              std::size_t num_reports) const {
    std::optional<double> best;
    for (std::size_t i = 0; i < num_reports; ++i) {
      const auto loss = loss_in(history, trial, metric_, i);
      if (loss && (!best || *loss < *best)) best = loss;
    }
    return best;
  }

  ConvergenceOptions options_;
  trial::Objective metric_;
  trial::Measure cost_;
};

}  // namespace

std::unique_ptr<StopRule> make_patience_rule(const trial::Problem& problem,
                                             const PatienceOptions& options) {
  require(options.num_reports > 0, "reports", 0.0, "1 or more");
  require(options.min_improvement >= 0.0, "min_improvement", options.min_improvement, "0 or more");
  require(options.warmup >= 0.0, "warmup", options.warmup, "0 or more");
  return std::make_unique<PatienceRule>(problem, options);
}

std::unique_ptr<StopRule> make_convergence_rule(const trial::Problem& problem,
                                                const ConvergenceOptions& options) {
  require(options.num_reports > 0, "reports", 0.0, "1 or more");
  require(options.min_gain > 0.0, "min_gain", options.min_gain, "above 0");
  require(options.warmup >= 0.0, "warmup", options.warmup, "0 or more");
  if (options.per == GainPer::Gram && !problem.tariff.intensity) {
    throw ConfigError("per: grams need the grid's intensity: `energy.zone` or `energy.intensity`");
  }
  return std::make_unique<ConvergenceRule>(problem, options);
}

}  // namespace wattune::schedulers
