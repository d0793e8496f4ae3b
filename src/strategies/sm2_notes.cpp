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

std::string sentence_of_sizes(const std::vector<ProbedSize>& sizes, trial::ResourceUnit unit) {
  std::vector<std::string> words;
  for (const ProbedSize& size : sizes) {
    if (size.has_failed) continue;
    const std::string energy =
        size.joules_per_unit
            ? si_text(*size.joules_per_unit, fmt::format("J per {}", unit_word(unit)))
            : std::string("unknown energy");
    words.push_back(fmt::format("{} ({})", size.batch_size, energy));
  }
  return "Probed batch sizes: " + join_names(words) + ".";
}

/// Who took part in a rung, and where: everybody who was assigned to it or beyond.
std::vector<schedulers::Contestant> members_of(const trial::History& history,
                                               const std::vector<TrialId>& candidates,
                                               const Ladder& ladder, std::size_t rung) {
  std::vector<schedulers::Contestant> members;
  for (const TrialId id : candidates) {
    const trial::Trial& trial = history.trial(id);
    if (trial.rung() < rung) continue;
    const auto batch_size = batch_size_in(history.problem().space, trial.configuration());
    members.push_back({id, ladder_target(ladder, batch_size, rung)});
  }
  return members;
}

void note_what_is_missing(std::vector<std::string>& notes, const trial::History& history,
                          const std::vector<TrialId>& candidates, const Sm2Options& options) {
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

void note_candidates(std::vector<std::string>& notes, const trial::History& history,
                     const CandidatePlan& plan, const Ladder& ladder, const Sm2Options&) {
  const bool has_default = !plan.slots.empty() && plan.slots.front().is_default;
  notes.push_back(fmt::format(
      "{} candidates from {} pairs of batch size and learning rate{}{}.", plan.slots.size(),
      plan.num_pairs, plan.has_free_parameters ? ", other parameters drawn by the sampler" : "",
      has_default ? "; the default configuration is the first, inside the window or not" : ""));
  notes.push_back(fmt::format("The first rung is {} {} ({}).", number_text(ladder.first),
                              to_text(history.problem().resource.unit), ladder.why));
}

void note_rungs(std::vector<std::string>& notes, const trial::History& history,
                const std::vector<TrialId>& candidates, const Ladder& ladder,
                const Sm2Options& options) {
  const RungJudge judge(history, ladder, options);
  auto members = members_of(history, candidates, ladder, 0);
  for (std::size_t rung = 0; !members.empty(); ++rung) {
    auto survivors = members_of(history, candidates, ladder, rung + 1);
    if (survivors.empty()) break;
    std::string text = fmt::format("Rung {}: {} of {} candidates went on.", rung, survivors.size(),
                                   members.size());
    if (const auto guarded = judge.judge(members, rung, survivors.size()).guarded) {
      text += fmt::format(" The guard kept trial {}, the best performer.", guarded->number());
    }
    notes.push_back(std::move(text));
    members = std::move(survivors);
  }
  note_what_is_missing(notes, history, candidates, options);
}

}  // namespace wattune::strategies
