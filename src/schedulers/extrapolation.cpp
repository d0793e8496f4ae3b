#include "wattune/schedulers/extrapolation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "measures.hpp"
#include "report_interval.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/curve_forecast.hpp"
#include "wattune/math/normal.hpp"
#include "wattune/math/pareto.hpp"

namespace wattune::schedulers {
namespace {

/// How far curves fall from their first report to a full training.
struct Falls {
  double num = 0.0;
  double sum = 0.0;
  double sum_of_squares = 0.0;

  void add(double fall) {
    num += 1.0;
    sum += fall;
    sum_of_squares += fall * fall;
  }
  /// As broad as the mean is uncertain; nothing where all curves are flat.
  [[nodiscard]] std::optional<math::CurvePrior> prior() const {
    const double mean = sum / num;
    const double spread = std::max(0.0, sum_of_squares - num * mean * mean) / (num - 1.0);
    constexpr double kDoubt = 0.25;  // a new curve may be of another kind
    const double doubt = kDoubt * mean;
    const double variance = spread * (1.0 + 1.0 / num) + doubt * doubt;
    if (!(variance > 0.0)) return std::nullopt;
    return math::CurvePrior{mean, std::sqrt(variance)};
  }
};

struct Curve {
  std::vector<double> shares;
  std::vector<double> losses;
};

class ExtrapolationRule final : public StopRule {
 public:
  ExtrapolationRule(const trial::Problem& problem, const ExtrapolationOptions& options)
      : options_(options),
        objectives_(problem.objectives),
        max_(problem.resource.max),
        interval_(options.interval.value_or(usual_report_interval(problem.resource))) {}

  bool wants_stop(const trial::History& history, TrialId id) const override {
    follow(history);
    const trial::Trial& trial = history.trial(id);
    if (trial.reports().size() < options_.min_reports || front_.empty()) return false;
    if (num_complete_ < options_.num_startup) return false;
    std::vector<std::vector<double>> above;  // [objective][member of the front]
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
      above.push_back(probabilities_above(history, trial, i));
      if (above.back().empty()) return false;
    }
    for (std::size_t member = 0; member < front_.size(); ++member) {
      double dominated = 1.0;
      for (const std::vector<double>& probabilities : above) dominated *= probabilities[member];
      if (1.0 - dominated < options_.min_probability) return true;
    }
    return false;
  }

  std::optional<double> report_every() const override { return interval_; }

  std::string describe() const override {
    return fmt::format(
        "its curve gets to the front with a probability below {}, after {} full "
        "trainings",
        number_text(options_.min_probability), options_.num_startup);
  }

 private:
  /// Takes in the full trainings in the order in which they ended, whenever it looks: sums of
  /// numbers depend on their order.
  void follow(const trial::History& history) const {
    const auto finished = history.finished_order();
    if (finished.size() < num_seen_) {
      num_seen_ = num_complete_ = 0;
      num_ended_.clear();
      front_.clear();
      falls_.clear();
    }
    falls_.resize(objectives_.size());
    num_ended_.resize(history.trials().size());
    for (; num_seen_ < finished.size(); ++num_seen_) {
      const trial::Trial& trial = history.trial(finished[num_seen_]);
      const bool is_last = ++num_ended_[trial.id().number()] == trial.num_assignments();
      const bool is_searched = trial.purpose() == trial::Purpose::Search;
      if (!is_last || !is_searched || !history.is_complete(trial) || trial.step() < max_) continue;
      ++num_complete_;
      learn_from(history, trial);
    }
  }

  void learn_from(const trial::History& history, const trial::Trial& trial) const {
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
      const Curve curve = curve_of(history, trial, i);
      if (curve.losses.size() >= 2) falls_[i].add(curve.losses.front() - curve.losses.back());
    }
    const auto losses = history.losses(trial);
    if (!losses || history.violation(trial) != 0.0) return;
    const auto beats = [&](const std::vector<double>& member) {
      return math::dominates(member, *losses) || member == *losses;
    };
    if (std::ranges::any_of(front_, beats)) return;
    std::erase_if(front_, [&](const auto& member) { return math::dominates(*losses, member); });
    front_.push_back(*losses);
  }

  [[nodiscard]] Curve curve_of(const trial::History& history, const trial::Trial& trial,
                               std::size_t objective) const {
    Curve curve;
    const auto id = history.metric_id(objectives_[objective].measure.name);
    if (!id) return curve;
    for (std::size_t i = 0; i < trial.reports().size(); ++i) {
      const auto value = trial.metric(i, *id);
      if (!value) continue;
      curve.shares.push_back(trial.reports()[i].step / max_);
      curve.losses.push_back(trial::as_loss(objectives_[objective], *value));
    }
    return curve;
  }

  /// Probability of ending at or above each member of the front; empty where that is not known.
  [[nodiscard]] std::vector<double> probabilities_above(const trial::History& history,
                                                        const trial::Trial& trial,
                                                        std::size_t objective) const {
    const trial::Measure& measure = objectives_[objective].measure;
    if (is_total_of_phase(measure)) return {};
    if (measure.kind != trial::MeasureKind::Metric) {
      return projected_above(history, trial, objective);
    }
    const Curve curve = curve_of(history, trial, objective);
    if (curve.losses.size() < options_.min_reports || falls_[objective].num < 2.0) return {};
    if (curve.shares.front() >= 1.0 || curve.shares.front() <= 0.0) return {};
    const auto prior = falls_[objective].prior();
    if (!prior) return {};
    const math::CurveForecast forecast = math::forecast_curve(curve.shares, curve.losses, *prior);
    std::vector<double> above;
    for (const auto& member : front_)
      above.push_back(forecast.probability_above(member[objective]));
    return above;
  }

  [[nodiscard]] std::vector<double> projected_above(const trial::History& history,
                                                    const trial::Trial& trial,
                                                    std::size_t objective) const {
    const auto value = history.value(trial, objectives_[objective].measure);
    const double share = trial.step() / max_;
    if (!value || share <= 0.0) return {};
    constexpr double kTenth = 0.1;
    const double end = *value / share;
    const double sd = kTenth * std::max(std::abs(end - *value), kTenth * std::abs(end));
    std::vector<double> above;
    for (const auto& member : front_) {
      const double distance = trial::as_loss(objectives_[objective], end) - member[objective];
      above.push_back(sd > 0.0 ? math::normal_cumulative(distance / sd) : 1.0);
    }
    return above;
  }

  ExtrapolationOptions options_;
  std::vector<trial::Objective> objectives_;
  double max_;
  double interval_;
  mutable std::size_t num_seen_ = 0;  // of the history's finished_order
  mutable std::size_t num_complete_ = 0;
  mutable std::vector<std::uint16_t> num_ended_;  // assignments, by trial
  mutable std::vector<std::vector<double>> front_;
  mutable std::vector<Falls> falls_;
};

}  // namespace

std::unique_ptr<StopRule> make_extrapolation_rule(const trial::Problem& problem,
                                                  const ExtrapolationOptions& options) {
  const auto require = [](bool holds, std::string_view message) {
    if (!holds) throw ConfigError(std::string{message});
  };
  require(options.min_probability >= 0.0 && options.min_probability <= 1.0,
          "min_probability: it is from 0 to 1");
  require(options.num_startup >= 2, "startup_trials: it is 2 or more");
  require(options.min_reports >= 2, "reports: it is 2 or more");
  require(!options.interval || *options.interval > 0.0, "interval: it is above 0");
  require(problem.resource.unit != trial::ResourceUnit::Run,
          "a curve is extrapolated to a full training: it needs a resource");
  return std::make_unique<ExtrapolationRule>(problem, options);
}

}  // namespace wattune::schedulers
