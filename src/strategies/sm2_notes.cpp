#include "sm2_notes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sm2_roles.hpp"
#include "wattune/base/text.hpp"

namespace wattune::strategies {
namespace {

std::string_view unit_word(trial::ResourceUnit unit) {
  return unit == trial::ResourceUnit::Epochs ? "epoch" : "sample";
}

std::string list_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> words;
  for (const std::int64_t number : numbers) words.push_back(std::to_string(number));
  return join_names(words);
}

std::string rate_text(double rate) {
  return rate < 100.0 ? fmt::format("{:.3g}", rate) : fmt::format("{:.0f}", rate);
}

std::string sentence_of_sizes(const std::vector<ProbedSize>& sizes, trial::ResourceUnit unit) {
  std::vector<std::string> words;
  for (const ProbedSize& size : sizes) {
    if (size.has_failed) continue;
    std::string facts = size.joules_per_unit ? si_text(*size.joules_per_unit,
                                                       fmt::format("J per {}", unit_word(unit)))
                                             : std::string("unknown energy");
    if (size.units_per_second) {
      facts += fmt::format(", {} {}s/s", rate_text(*size.units_per_second), unit_word(unit));
    }
    if (size.power) facts += fmt::format(", {:.3g} W", size.power->value());
    if (size.utilisation) facts += fmt::format(", utilisation {:.3g}", *size.utilisation);
    if (size.memory_share) facts += fmt::format(", {:.3g} % of memory", 100.0 * *size.memory_share);
    words.push_back(fmt::format("{} ({})", size.batch_size, facts));
  }
  return "Probed batch sizes: " + join_names(words) + ".";
}

}  // namespace

void note_probe(std::vector<std::string>& notes, const trial::History& history,
                const ProbeState& probe, const std::vector<std::int64_t>& batch_sizes,
                const Sm2Options& options) {
  const auto window = efficiency_window(probe.sizes, options.window_tolerance);
  if (!window.empty()) {
    notes.push_back(sentence_of_sizes(probe.sizes, history.problem().resource.unit));
  }
  if (!probe.sizes.empty() && probe.sizes.back().has_failed) {
    const ProbedSize& failed = probe.sizes.back();
    notes.push_back(
        fmt::format("The probe of batch size {} failed (trial {}); no larger one was "
                    "tried.",
                    failed.batch_size, failed.trial.number()));
  }
  if (!probe.sizes.empty() && probe.sizes.back().is_over_memory) {
    notes.push_back(fmt::format(
        "Batch size {} fills {:.3g} % of the memory, more than {:.3g} %; no larger one was tried.",
        probe.sizes.back().batch_size, 100.0 * *probe.sizes.back().memory_share,
        100.0 * options.memory_limit));
  }
  if (!probe.is_done()) return;
  if (window.empty()) {
    notes.emplace_back("No batch size could be probed.");
    return;
  }
  const bool is_energy_known = std::ranges::any_of(
      probe.sizes, [](const ProbedSize& size) { return size.joules_per_unit.has_value(); });
  notes.push_back(
      is_energy_known
          ? fmt::format("Efficiency window: {} of {} to {} (within {:.3g} % of the least energy).",
                        list_of(window), batch_sizes.front(), batch_sizes.back(),
                        100.0 * options.window_tolerance)
          : "No energy could be measured, so every batch size that ran is in the window.");
}

void note_rates(std::vector<std::string>& notes, const trial::History& history,
                const RangeTest& rates, const Sm2Options& options) {
  if (rates.num_rates == 0) return;
  const auto grid = learning_rates_for(history.problem(), rates.kind, options);
  notes.push_back(
      rates.num_stable == rates.num_rates
          ? fmt::format("Range test: none of {} learning rates diverged.", rates.num_rates)
          : fmt::format("Range test: {} of {} learning rates are left, up to {}.", rates.num_stable,
                        rates.num_rates, space::to_text(grid.at(rates.num_stable - 1))));
}

void note_candidates(std::vector<std::string>& notes, const trial::History& history,
                     const Halving& halving) {
  const CandidatePlan& plan = halving.plan();
  const bool has_default = !plan.slots.empty() && plan.slots.front().is_default;
  notes.push_back(fmt::format(
      "{} candidates from {} {}{}{}.", plan.slots.size(), plan.num_pairs,
      halving.is_choice() ? "batch sizes" : "pairs of batch size and learning rate",
      plan.has_free_parameters ? ", other parameters drawn by the sampler" : "",
      has_default ? "; the default configuration is the first, inside the window or not" : ""));
  const Ladder& ladder = halving.ladder();
  notes.push_back(fmt::format(
      "The first rung is {} {} ({}){}.", number_text(ladder.first),
      to_text(history.problem().resource.unit), ladder.why,
      ladder.equal_in == RungUnit::Joules ? "; rungs give every candidate the same joules" : ""));
}

void note_rungs(std::vector<std::string>& notes, const trial::History& history,
                const Halving& halving, const Sm2Options& options) {
  const auto& rungs = halving.rungs();
  for (std::size_t rung = 0; rung + 1 < rungs.size(); ++rung) {
    std::string text = fmt::format("Rung {}: {} of {} candidates went on.", rung,
                                   rungs[rung + 1].size(), rungs[rung].size());
    const bool is_scored = options.rule == HalvingRule::Score;
    const auto guarded =
        is_scored ? halving.judge(history).judge(rungs[rung], rung).guarded : std::nullopt;
    if (guarded) {
      text += fmt::format(" The guard kept trial {}, the best performer.", guarded->number());
    }
    notes.push_back(std::move(text));
  }
  if (!halving.is_choice() || !halving.is_ended()) return;
  notes.push_back(halving.winner()
                      ? fmt::format("The batch size of trial {} was chosen; learning rates come "
                                    "next.",
                                    halving.winner()->number())
                      : "No batch size could be trained; the cheapest is taken.");
}

void note_what_is_missing(std::vector<std::string>& notes, const trial::History& history,
                          const Sm2Options& options) {
  std::vector<TrialId> candidates;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() == trial::Purpose::Search) candidates.push_back(trial.id());
  }
  const bool has_reports = std::ranges::any_of(
      candidates, [&](TrialId id) { return !history.trial(id).reports().empty(); });
  if (!has_reports) return;
  if (!history.metric_id(options.training_loss)) {
    notes.push_back(
        fmt::format("The metric `{}` is not reported: stability counts 0.5 for every candidate.",
                    options.training_loss));
  }
  const bool is_energy_missing = std::ranges::any_of(candidates, [&](TrialId id) {
    const trial::Trial& trial = history.trial(id);
    return !trial.reports().empty() && trial.energy().is_missing();
  });
  if (is_energy_missing) {
    notes.emplace_back(
        "The energy of some candidates is not known: where it is not, energy counts 0.5 for the "
        "whole rung.");
  }
  const auto num_diverged = std::ranges::count_if(candidates, [&](TrialId id) {
    return history.trial(id).state() == trial::TrialState::Stopped;
  });
  if (num_diverged > 0) {
    notes.push_back(fmt::format("{} candidates were stopped because their training loss diverged.",
                                num_diverged));
  }
}

std::string modes_text(const Sm2Options& options) {
  std::string text;
  if (options.rule == HalvingRule::NonDominated) text += ", by fronts";
  if (options.rule == HalvingRule::CostAware) text += ", by the share of energy";
  if (options.order == Sm2Order::BatchSizeFirst) text += ", batch size first";
  if (options.rung_unit == RungUnit::Joules) text += ", rungs of equal joules";
  if (options.rate_search == RateSearch::RangeTest) text += ", range test";
  if (options.energy_mode == EnergyMode::Cumulative) text += ", cumulative energy";
  if (options.energy_mode == EnergyMode::Projected) text += ", projected energy";
  return text;
}

}  // namespace wattune::strategies
