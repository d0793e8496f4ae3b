#include "wattune/report/finalists.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/text.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::report {
namespace {

using trial::History;
using trial::Measure;

/// What is told of a finalist: the objectives, and the energy where it is none of them.
std::vector<Measure> measures_of(const trial::Problem& problem) {
  std::vector<Measure> measures;
  for (const trial::Objective& objective : problem.objectives) {
    measures.push_back(objective.measure);
  }
  const Measure energy{trial::MeasureKind::Energy, ""};
  if (std::ranges::count(measures, energy) == 0) measures.push_back(energy);
  return measures;
}

std::vector<double> values_of(const History& history, const std::vector<TrialId>& trials,
                              const Measure& measure) {
  std::vector<double> values;
  for (const TrialId id : trials) {
    if (const auto value = history.value(history.trial(id), measure)) values.push_back(*value);
  }
  return values;
}

FinalistFigures figures_of(const History& history, const trial::Finalist& finalist) {
  FinalistFigures figures{finalist.of, {}, {}};
  for (const auto& [number, id] : finalist.again) figures.trials.push_back(id);
  for (const Measure& measure : measures_of(history.problem())) {
    const std::vector<double> values = values_of(history, figures.trials, measure);
    if (!values.empty()) figures.measures.push_back({measure, math::mean_interval(values)});
  }
  return figures;
}

/// Differences of the trainings of the same number.
std::vector<double> differences(const History& history, const trial::Finalist& left,
                                const trial::Finalist& right, const Measure& measure) {
  std::vector<double> all;
  for (const auto& [number, id] : left.again) {
    const auto other = right.again.find(number);
    if (other == right.again.end()) continue;
    const auto value = history.value(history.trial(id), measure);
    const auto other_value = history.value(history.trial(other->second), measure);
    if (value && other_value) all.push_back(*value - *other_value);
  }
  return all;
}

std::string amount_text(double value, const std::string& unit) {
  if (unit == "J" || unit == "s" || unit == "g") return si_text(value, unit);
  return unit.empty() ? fmt::format("{:.4g}", value) : fmt::format("{:.4g} {}", value, unit);
}

}  // namespace

const math::MeanInterval* FinalistFigures::find(const Measure& measure) const {
  const auto found = std::ranges::find(measures, measure, &MeasuredAgain::measure);
  return found == measures.end() ? nullptr : &found->figure;
}

std::vector<FinalistFigures> finalist_figures(const History& history) {
  std::vector<FinalistFigures> all;
  for (const trial::Finalist& finalist : trial::finalists_of(history)) {
    if (!finalist.again.empty()) all.push_back(figures_of(history, finalist));
  }
  return all;
}

std::vector<PairedDifference> paired_differences(const History& history,
                                                 const std::vector<FinalistFigures>& finalists,
                                                 TrialId reference) {
  const auto measured = trial::finalists_of(history);
  const auto base = std::ranges::find(measured, reference, &trial::Finalist::of);
  std::vector<PairedDifference> all;
  if (base == measured.end()) return all;
  for (const FinalistFigures& figures : finalists) {
    if (figures.of == reference) continue;
    const auto other = std::ranges::find(measured, figures.of, &trial::Finalist::of);
    for (const MeasuredAgain& each : figures.measures) {
      const auto pairs = differences(history, *other, *base, each.measure);
      if (pairs.empty()) continue;
      all.push_back({figures.of, reference, each.measure, math::mean_interval(pairs)});
    }
  }
  return all;
}

std::string to_text(const Measure& measure, const math::MeanInterval& figure,
                    const trial::Tariff& tariff) {
  const std::string unit = unit_of(measure, tariff.price ? tariff.price->currency : "");
  std::string text = amount_text(figure.mean, unit);
  if (figure.half_width) text += " ± " + amount_text(*figure.half_width, unit);
  return text;
}

}  // namespace wattune::report
