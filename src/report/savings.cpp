#include "wattune/report/savings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/text.hpp"
#include "wattune/report/break_even.hpp"

namespace wattune::report {
namespace {

using trial::History;
using trial::Trial;

double quality_loss_at(const History& history, const Trial& trial, double step) {
  return history.losses_at(trial, step)->front();
}

std::optional<TrialId> default_trial(const History& history) {
  for (const Trial& trial : history.trials()) {
    if (trial.purpose() == trial::Purpose::Search && trial.origin() == trial::Origin::Default) {
      return trial.id();
    }
  }
  return std::nullopt;
}

/// Energy of the recommended training: as far as it was trained where the other one is known to its
/// end, else of a full training as well, so that like is compared with like.
EnergyFigure own_energy(const History& history, const Trial& ours, const Trial& other) {
  return history.is_complete(other) ? ours.energy() : history.full_training_energy(ours)->energy;
}

std::string step_text(const History& history, double step) {
  return fmt::format("{} {}", number_text(step), to_text(history.problem().resource.unit));
}

/// Why the two trainings cannot be compared, if so.
std::optional<std::string> obstacle(const History& history, const Trial& ours, const Trial& other,
                                    double tolerance) {
  if (other.state() == trial::TrialState::Failed || !history.losses(other)) {
    return fmt::format("trial {} has no known result ({})", other.id().number(),
                       other.outcome() ? to_text(*other.outcome()) : to_text(other.state()));
  }
  if (other.energy().is_missing() || ours.energy().is_missing()) return "energy was not metered";
  if (!history.full_training_energy(other) || !history.full_training_energy(ours)) {
    return "its training was not run to its end";
  }
  const double step =
      history.is_complete(other) ? ours.step() : std::min(ours.step(), other.step());
  const double behind =
      quality_loss_at(history, ours, step) -
      quality_loss_at(history, other, history.is_complete(other) ? other.step() : step);
  if (behind > tolerance) {
    return fmt::format("at {} the recommended configuration is {:.3g} behind, more than {}",
                       step_text(history, step), behind, number_text(tolerance));
  }
  return std::nullopt;
}

std::optional<double> inferences_to_pay(const History& history, const Trial& ours,
                                        const Trial& other) {
  const trial::Measure per_sample{trial::MeasureKind::JoulesPerSample, "inference"};
  const auto our_cost = history.value(ours, per_sample);
  const auto other_cost = history.value(other, per_sample);
  if (!our_cost || !other_cost) return std::nullopt;
  return break_even_uses(history.total_energy().total().joules().value(), *other_cost - *our_cost);
}

Saving compare(const History& history, const Trial& ours, const Trial& other, std::string against,
               double tolerance) {
  Saving saving{
      std::move(against), other.id(),  obstacle(history, ours, other, tolerance), {}, false, 0.0,
      std::nullopt,       std::nullopt};
  if (saving.why_not) return saving;
  const History::FullTraining theirs = *history.full_training_energy(other);
  const EnergyFigure mine = own_energy(history, ours, other);
  saving.is_projected = theirs.is_projected;
  saving.energy.idle = theirs.energy.idle - mine.idle;
  saving.energy.dynamic = theirs.energy.dynamic - mine.dynamic;
  saving.energy.provenance = std::max(theirs.energy.provenance, mine.provenance);
  // Both come from the same channels and share one gain error: the difference has the same relative
  // error.
  const double saved = saving.energy.total().joules().value();
  const double total = theirs.energy.total().joules().value();
  if (total > 0.0) {
    saving.energy.uncertainty = theirs.energy.uncertainty * (std::abs(saved) / total);
    saving.percent = 100.0 * saved / total;
  }
  saving.pays_after_trainings =
      break_even_uses(history.total_energy().total().joules().value(), saved);
  saving.pays_after_inferences = inferences_to_pay(history, ours, other);
  return saving;
}

std::string count_text(double count) {
  return fmt::format("{:.0f}", std::ceil(count));
}

std::string saving_text(const History& history, const Saving& saving) {
  const std::string other = saving.against == "default" ? "the default configuration"
                                                        : "the configuration of best quality";
  if (saving.why_not) {
    return fmt::format("Against {} (trial {}) it is not comparable: {}.", other,
                       saving.trial.number(), *saving.why_not);
  }
  const bool saves = saving.energy.total().count() > 0;
  EnergyFigure amount = saving.energy;
  if (!saves) {
    amount.idle = Microjoules{} - amount.idle;
    amount.dynamic = Microjoules{} - amount.dynamic;
  }
  std::string text = fmt::format(
      "Against {} (trial {}{}) it {} {} per training, {:.0f} %", other, saving.trial.number(),
      saving.is_projected ? fmt::format(", paused at {} and projected from there",
                                        step_text(history, history.trial(saving.trial).step()))
                          : "",
      saves ? "saves" : "costs", to_text(amount), std::abs(saving.percent));
  if (saving.pays_after_trainings) {
    text += fmt::format("; the search has paid for itself after {} training{}",
                        count_text(*saving.pays_after_trainings),
                        *saving.pays_after_trainings > 1.0 ? "s" : "");
  }
  if (saving.pays_after_inferences) {
    text += fmt::format("{} {} inferences", saving.pays_after_trainings ? " or" : "; it has after",
                        count_text(*saving.pays_after_inferences));
  }
  return text + ".";
}

}  // namespace

std::vector<Saving> savings(const History& history,
                            const std::vector<Recommendation>& recommendations, double tolerance) {
  if (recommendations.empty()) return {};
  const Trial& ours = history.trial(recommendations.front().trial);
  std::vector<Saving> list;
  const auto best =
      std::ranges::find(recommendations, RecommendationKind::BestQuality, &Recommendation::kind);
  if (best != recommendations.end() && best->trial != ours.id()) {
    list.push_back(compare(history, ours, history.trial(best->trial), "best_quality", tolerance));
  }
  if (const auto id = default_trial(history); id && *id != ours.id()) {
    list.push_back(compare(history, ours, history.trial(*id), "default", tolerance));
  }
  return list;
}

std::string ledger_sentence(const History& history,
                            const std::vector<Recommendation>& recommendations,
                            const std::vector<Saving>& savings) {
  std::string text = fmt::format("The search cost {}.", to_text(history.total_energy()));
  if (recommendations.empty()) {
    return text + " No trial has reached a result that could be recommended.";
  }
  const Trial& ours = history.trial(recommendations.front().trial);
  const std::string reach =
      history.is_complete(ours) ? "" : fmt::format(" to {}", step_text(history, ours.step()));
  text += fmt::format(" One training of the recommended configuration (trial {}){} takes {}.",
                      ours.id().number(), reach, to_text(ours.energy()));
  for (const Saving& saving : savings) text += " " + saving_text(history, saving);
  if (savings.empty()) text += " It is also the one of best quality.";
  return text;
}

}  // namespace wattune::report
