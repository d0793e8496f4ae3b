#include "wattune/report/proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compared_trials.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::report {
namespace {

using trial::History;
using trial::Measure;
using trial::MeasureKind;
using trial::Trial;

constexpr double kLeastCorrelation = 0.7;
constexpr double kLeastExcess = 0.1;
constexpr std::size_t kLeastTrials = 4;  // an interval of a correlation divides by n - 3
constexpr std::size_t kEnoughTrials = 10;
const Measure kEnergy{MeasureKind::Energy, ""};

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

std::vector<std::string> info_names(const History& history) {
  std::vector<std::string> names;
  for (const Trial& trial : history.trials()) {
    for (const trial::MetricValue& fact : trial.info()) add_name(names, fact.name);
  }
  return names;
}

std::optional<double> info_value(const Trial& trial, const std::string& name) {
  for (const trial::MetricValue& fact : trial.info()) {
    if (fact.name == name) return fact.value;
  }
  return std::nullopt;
}

/// A fact given as info comes before a metric of the same name.
std::optional<double> proxy_value(const History& history, const Trial& trial, double step,
                                  const std::string& name) {
  if (const auto fact = info_value(trial, name)) return fact;
  if (name == "samples") return trial.reports()[*trial.first_report_at(step)].samples;
  const Measure measure =
      name == "duration" ? Measure{MeasureKind::Duration, ""} : Measure{MeasureKind::Metric, name};
  return history.value_at(trial, measure, step);
}

std::vector<double> column(const std::vector<ProxyPoint>& points, double ProxyPoint::*member) {
  std::vector<double> values;
  for (const ProxyPoint& point : points) values.push_back(point.*member);
  return values;
}

std::optional<math::Correlation> pearson_of_logs(std::vector<double> proxy,
                                                 std::vector<double> energy) {
  for (std::vector<double>* values : {&proxy, &energy}) {
    for (double& value : *values) {
      if (!(value > 0.0)) return std::nullopt;
      value = std::log(value);
    }
  }
  return math::pearson(proxy, energy);
}

/// Samples differ by part of a batch even where all trainings are of one length.
bool hardly_varies(const Proxy& proxy) {
  constexpr double kSame = 1.05;
  const math::Range range = math::min_max(column(proxy.points, &ProxyPoint::proxy));
  return range.min > 0.0 && range.max < kSame * range.min;
}

/// A trial that may be chosen: its loss of quality, and the proxy turned so that less is preferred.
struct Candidate {
  ProxyPoint point;
  double loss = 0.0;
  double preferred = 0.0;
};

/// Losses of quality; all 0 where the study's first objective is the energy itself.
std::optional<double> quality_loss(const History& history, const Trial& trial, double step) {
  const trial::Objective& quality = history.problem().objectives.front();
  if (quality.measure == kEnergy) return 0.0;
  const auto value = history.value_at(trial, quality.measure, step);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return quality.direction == trial::Direction::Maximize ? -*value : *value;
}

std::vector<Candidate> candidates_of(const History& history, const Proxy& proxy,
                                     const ComparedTrials& compared) {
  const double sign = proxy.spearman && proxy.spearman->value < 0.0 ? -1.0 : 1.0;
  std::vector<Candidate> candidates;
  for (const ProxyPoint& point : proxy.points) {
    const Trial& trial = history.trial(point.trial);
    const double step = compared.step_of(trial);
    const auto loss = quality_loss(history, trial, step);
    if (!loss || history.violation_at(trial, step) != 0.0) continue;
    candidates.push_back({point, *loss, sign * point.proxy});
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::loss);
  return candidates;
}

/// Goes down the qualities, and looks at each what the proxy would choose of all that is as good.
/// Of trials that the proxy cannot tell apart, the cheapest counts as its choice.
std::optional<Misled> worst_choice(const History& history, const Proxy& proxy,
                                   const ComparedTrials& compared) {
  const std::vector<Candidate> candidates = candidates_of(history, proxy, compared);
  const trial::Objective& quality = history.problem().objectives.front();
  const Candidate* chosen = nullptr;
  const Candidate* cheapest = nullptr;
  std::optional<Misled> worst;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& next = candidates[i];
    const auto rank = [](const Candidate& c) { return std::pair{c.preferred, c.point.energy_j}; };
    if (chosen == nullptr || rank(next) < rank(*chosen)) chosen = &next;
    if (cheapest == nullptr || next.point.energy_j < cheapest->point.energy_j) cheapest = &next;
    const bool has_equal = i + 1 < candidates.size() && candidates[i + 1].loss == next.loss;
    if (has_equal || !(cheapest->point.energy_j > 0.0)) continue;
    const double excess = chosen->point.energy_j / cheapest->point.energy_j - 1.0;
    if (excess <= (worst ? worst->excess : kLeastExcess)) continue;
    worst = Misled{chosen->point.trial, cheapest->point.trial, excess, std::nullopt};
    if (quality.measure == kEnergy) continue;
    worst->at_quality = quality.direction == trial::Direction::Maximize ? -next.loss : next.loss;
  }
  return worst;
}

double energy_of(const Proxy& proxy, TrialId id) {
  return std::ranges::find(proxy.points, id, &ProxyPoint::trial)->energy_j;
}

std::string misled_text(const History& history, const Proxy& proxy, const Misled& misled) {
  const trial::Objective& quality = history.problem().objectives.front();
  std::string among = "all trials";
  if (misled.at_quality) {
    among =
        fmt::format("trials with {} of {:.4g} or {}", to_text(quality.measure), *misled.at_quality,
                    quality.direction == trial::Direction::Maximize ? "more" : "less");
  }
  const bool is_inverse = proxy.spearman && proxy.spearman->value < 0.0;
  return fmt::format("of {}, the {} {} chooses trial {} ({}), but trial {} draws {}: {:.0f} % more",
                     among, is_inverse ? "greatest" : "least", proxy.name, misled.chosen.number(),
                     si_text(energy_of(proxy, misled.chosen), "J"), misled.cheapest.number(),
                     si_text(energy_of(proxy, misled.cheapest), "J"), 100.0 * misled.excess);
}

void warn(const History& history, Proxy& proxy) {
  if (proxy.spearman && std::abs(proxy.spearman->value) < kLeastCorrelation) {
    proxy.warnings.push_back(fmt::format(
        "{} tells little about the order of energies: rank correlation {:.2f} ({:.2f} to {:.2f})",
        proxy.name, proxy.spearman->value, proxy.spearman->low, proxy.spearman->high));
  }
  if (proxy.misled) proxy.warnings.push_back(misled_text(history, proxy, *proxy.misled));
}

Proxy make_proxy(const History& history, const ComparedTrials& compared, const std::string& name) {
  Proxy proxy;
  proxy.name = name;
  for (const Trial* trial : compared.trials) {
    const auto energy = history.value_at(*trial, kEnergy, compared.step_of(*trial));
    const auto value = proxy_value(history, *trial, compared.step_of(*trial), name);
    if (!energy || !value || !std::isfinite(*value)) continue;
    proxy.points.push_back({trial->id(), *value, *energy});
  }
  const auto values = column(proxy.points, &ProxyPoint::proxy);
  const auto energies = column(proxy.points, &ProxyPoint::energy_j);
  proxy.spearman = math::spearman(values, energies);
  proxy.pearson_of_logs = pearson_of_logs(values, energies);
  if (proxy.spearman) proxy.misled = worst_choice(history, proxy, compared);
  warn(history, proxy);
  return proxy;
}

void note_energy(ProxyReport& report, const History& history, const ComparedTrials& compared) {
  std::size_t num_modelled = 0;
  std::size_t num_shared = 0;
  for (const Trial* trial : compared.trials) {
    if (!history.value_at(*trial, kEnergy, compared.step_of(*trial))) continue;
    ++report.num_trials;
    num_modelled += trial->energy().provenance == Provenance::Modelled ? 1 : 0;
    num_shared += trial->had_company() ? 1 : 0;
  }
  if (report.num_trials < kLeastTrials) {
    report.notes.push_back(fmt::format(
        "too few trials: the energy is known of {}; {} are needed, and {} to rely on the "
        "correlations. Let the study run longer: raise its budget and run `wattune tune` again",
        report.num_trials, kLeastTrials, kEnoughTrials));
  } else if (report.num_trials < kEnoughTrials) {
    report.notes.push_back(
        fmt::format("{} trials are few: take the correlations as hints; {} are "
                    "needed to rely on them",
                    report.num_trials, kEnoughTrials));
  }
  if (num_modelled > 0) {
    report.notes.push_back(fmt::format(
        "the energy of {} of {} trials is modelled, not measured: a model makes energy out of "
        "computing time, so that it follows the duration by construction",
        num_modelled, report.num_trials));
  }
  if (num_shared > 0) {
    report.notes.push_back(
        fmt::format("{} of {} trials shared the machine with another one: their "
                    "energy is a part of what was drawn",
                    num_shared, report.num_trials));
  }
  if (compared.num_failed > 0) {
    report.notes.push_back(fmt::format("failed trials are left out: {}", compared.num_failed));
  }
}

}  // namespace

std::vector<std::string> known_proxies(const History& history) {
  std::vector<std::string> names = info_names(history);
  add_name(names, "duration");
  add_name(names, "samples");
  for (const std::string& metric : history.metric_names()) add_name(names, metric);
  return names;
}

ProxyReport proxies(const History& history, const std::vector<std::string>& names) {
  const ComparedTrials compared = compared_trials(history);
  ProxyReport report;
  report.step = compared.step;
  note_energy(report, history, compared);
  if (report.num_trials < kLeastTrials) return report;

  std::vector<std::string> wanted = names;
  if (wanted.empty()) {
    wanted = info_names(history);
    add_name(wanted, "duration");
    add_name(wanted, "samples");
  }
  std::vector<std::string> untold;
  for (const std::string& name : wanted) {
    Proxy proxy = make_proxy(history, compared, name);
    if (proxy.spearman && !(names.empty() && hardly_varies(proxy))) {
      report.proxies.push_back(std::move(proxy));
    } else {
      untold.push_back(name);
    }
  }
  if (!untold.empty()) {
    report.notes.push_back(
        fmt::format("about the same in every trial, or known of fewer than {}: {}", kLeastTrials,
                    join_names(untold)));
  }
  return report;
}

}  // namespace wattune::report
