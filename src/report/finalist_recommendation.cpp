#include "finalist_recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "wattune/base/text.hpp"
#include "wattune/report/finalists.hpp"

namespace wattune::report {
namespace {

using trial::History;
using trial::Measure;

/// A finalist that may be recommended.
struct Candidate {
  const FinalistFigures* figures = nullptr;
  double loss = 0.0;           // mean of the first objective
  std::optional<double> cost;  // mean of the second objective, or of the energy

  [[nodiscard]] TrialId of() const { return figures->of; }
};

Measure cost_measure(const trial::Problem& problem) {
  if (problem.objectives.size() > 1) return problem.objectives[1].measure;
  return {trial::MeasureKind::Energy, ""};
}

double sign_of(trial::Direction direction) {
  return direction == trial::Direction::Maximize ? -1.0 : 1.0;
}

/// Does the mean of its trainings keep every constraint?
bool is_feasible(const History& history, const FinalistFigures& figures) {
  return std::ranges::all_of(
      history.problem().constraints, [&](const trial::Constraint& constraint) {
        double sum = 0.0;
        for (const TrialId id : figures.trials) {
          const auto value = history.value(history.trial(id), constraint.measure);
          if (!value) return false;
          sum += *value;
        }
        const double mean = sum / static_cast<double>(figures.trials.size());
        return (!constraint.min || mean >= *constraint.min) &&
               (!constraint.max || mean <= *constraint.max);
      });
}

std::vector<Candidate> candidates_of(const History& history,
                                     const std::vector<FinalistFigures>& finalists) {
  const trial::Problem& problem = history.problem();
  const trial::Objective& quality = problem.objectives.front();
  const bool has_second = problem.objectives.size() > 1;
  std::vector<Candidate> candidates;
  for (const FinalistFigures& figures : finalists) {
    const math::MeanInterval* mean = figures.find(quality.measure);
    if (mean == nullptr || !is_feasible(history, figures)) continue;
    Candidate candidate{&figures, sign_of(quality.direction) * mean->mean, std::nullopt};
    if (const auto* cost = figures.find(cost_measure(problem))) {
      candidate.cost = (has_second ? sign_of(problem.objectives[1].direction) : 1.0) * cost->mean;
    }
    candidates.push_back(candidate);
  }
  return candidates;
}

/// "val_accuracy 0.8712 ± 0.0040 and energy 41.2 J ± 1.0 J, means of 3 trainings alone on the
/// machine".
std::string figures_text(const History& history, const FinalistFigures& figures) {
  const trial::Problem& problem = history.problem();
  const Measure& quality = problem.objectives.front().measure;
  std::string text = fmt::format("{} {}", to_text(quality),
                                 to_text(quality, *figures.find(quality), problem.tariff));
  const Measure cost = cost_measure(problem);
  if (const auto* figure = figures.find(cost); figure != nullptr && cost != quality) {
    text += fmt::format(" and {} {}", to_text(cost), to_text(cost, *figure, problem.tariff));
  }
  const std::size_t count = figures.trials.size();
  return text + (count == 1 ? ", from one training alone on the machine"
                            : fmt::format(", means of {} trainings alone on the machine", count));
}

/// "; against trial 12, pair by pair: val_accuracy -0.003 ± 0.005, energy -25.1 J ± 2.0 J".
std::string pairs_text(const History& history, const std::vector<FinalistFigures>& finalists,
                       TrialId trial, TrialId reference) {
  std::string text;
  for (const PairedDifference& pair : paired_differences(history, finalists, reference)) {
    if (pair.trial != trial) continue;
    text += fmt::format("{} {} {}{}", text.empty() ? "" : ",", to_text(pair.measure),
                        pair.difference.mean > 0.0 ? "+" : "",
                        to_text(pair.measure, pair.difference, history.problem().tariff));
  }
  if (text.empty()) return text;
  return fmt::format("; against trial {}, pair by pair:{}", reference.number(), text);
}

}  // namespace

std::vector<Recommendation> recommend_finalists(const History& history, double tolerance) {
  const std::vector<FinalistFigures> finalists = finalist_figures(history);
  const std::vector<Candidate> candidates = candidates_of(history, finalists);
  if (candidates.empty()) return {};
  const Candidate& best = *std::ranges::min_element(candidates, {}, &Candidate::loss);
  const Candidate* cheapest = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.cost || candidate.loss > best.loss + tolerance) continue;
    if (cheapest == nullptr || *candidate.cost < *cheapest->cost) cheapest = &candidate;
  }
  std::vector<Recommendation> list;
  if (cheapest != nullptr) {
    const std::string role =
        cheapest->of() == best.of()
            ? "best and cheapest of the finalists: "
            : fmt::format("the cheapest finalist within {} of the best: ", number_text(tolerance));
    list.push_back({RecommendationKind::CheapestWithinTolerance, cheapest->of(),
                    role + figures_text(history, *cheapest->figures) +
                        pairs_text(history, finalists, cheapest->of(), best.of()),
                    true});
  }
  list.push_back({RecommendationKind::BestQuality, best.of(),
                  "the best of the finalists: " + figures_text(history, *best.figures), true});
  return list;
}

}  // namespace wattune::report
