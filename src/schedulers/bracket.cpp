#include "wattune/schedulers/bracket.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::schedulers {
namespace {

/// Those who go on, the oldest first.
std::vector<TrialId> survivors_of(const trial::History& history,
                                  std::span<const Contestant> members, std::size_t rung,
                                  const BracketRules& rules) {
  const std::size_t num_kept = rules.rounds_up
                                   ? (members.size() + rules.eta - 1) / rules.eta
                                   : std::max<std::size_t>(members.size() / rules.eta, 1);
  const auto has_gone_on = [&](TrialId id) { return history.trial(id).rung() > rung; };
  std::vector<TrialId> gone_on;
  for (const Contestant& member : members) {
    if (has_gone_on(member.trial)) gone_on.push_back(member.trial);
  }
  if (gone_on.size() >= num_kept) return gone_on;  // no need to rank what is decided

  std::vector<TrialId> ranked = rules.rank(members, rung, num_kept);
  std::ranges::stable_partition(ranked, has_gone_on);
  ranked.resize(std::min(num_kept, ranked.size()));
  std::ranges::sort(ranked);
  return ranked;
}

std::vector<Contestant> contestants(const trial::History& history,
                                    const std::vector<TrialId>& trials, std::size_t rung,
                                    const BracketRules& rules) {
  const bool is_alone = rung > 0 && trials.size() == 1;
  std::vector<Contestant> members;
  members.reserve(trials.size());
  for (const TrialId id : trials) {
    members.push_back({id, is_alone ? rules.max : rules.target(history.trial(id), rung)});
  }
  return members;
}

bool is_last_rung(std::span<const Contestant> members, double max) {
  return std::ranges::all_of(members,
                             [&](const Contestant& member) { return member.target >= max; });
}

}  // namespace

bool is_out(const trial::Trial& trial, std::size_t rung) {
  return trial.rung() <= rung && (trial.state() == trial::TrialState::Failed ||
                                  trial.state() == trial::TrialState::Stopped);
}

bool is_settled(const trial::Trial& trial, double target) {
  switch (trial.state()) {
    case trial::TrialState::Running:
      return false;
    case trial::TrialState::Completed:
    case trial::TrialState::Stopped:
    case trial::TrialState::Failed:
      return true;
    case trial::TrialState::Created:
    case trial::TrialState::Paused:
    case trial::TrialState::Interrupted:
      break;
  }
  return trial.step() >= target;
}

BracketState follow_bracket(const trial::History& history, std::vector<TrialId> members,
                            const BracketRules& rules) {
  WATTUNE_REQUIRE(rules.eta >= 2);
  BracketState state;
  for (;; ++state.rung) {
    state.members = contestants(history, members, state.rung, rules);
    bool is_waiting = false;
    for (const Contestant& member : state.members) {
      const trial::Trial& trial = history.trial(member.trial);
      if (trial.rung() > state.rung || is_settled(trial, member.target)) continue;
      is_waiting = true;
      if (!trial.is_running()) state.to_start.push_back(member);
    }
    if (is_waiting) return state;

    members = survivors_of(history, state.members, state.rung, rules);
    if (members.empty() || is_last_rung(state.members, rules.max)) {
      state.is_ended = true;
      if (!members.empty()) {
        state.winner = rules.rank(state.members, state.rung, 1).front();
      }
      return state;
    }
  }
}

std::vector<double> rung_targets(const trial::Resource& resource, std::size_t eta) {
  if (eta < 2) throw ConfigError(fmt::format("eta: {} is not allowed; it is 2 or more", eta));
  if (!(resource.min > 0.0 && resource.min <= resource.max)) {
    throw ConfigError(fmt::format("resource: min {} is not between 0 and max {}",
                                  number_text(resource.min), number_text(resource.max)));
  }
  std::vector<double> targets;
  while (targets.empty() || targets.back() < resource.max) {
    targets.push_back(rung_target(resource.min, resource.max, eta, targets.size()));
  }
  return targets;
}

trial::Verdict pause_at_target(const trial::Trial& trial, double max) {
  const bool is_at_rung = trial.target() < max && trial.step() >= trial.target();
  return is_at_rung ? trial::Verdict::Pause : trial::Verdict::Continue;
}

std::vector<TrialId> wanted_by(const BracketState& state, std::vector<TrialId> trials) {
  if (state.is_ended) return {};
  std::erase_if(trials, [&](TrialId id) {
    return std::ranges::find(state.members, id, &Contestant::trial) == state.members.end();
  });
  return trials;
}

double rung_target(double min, double max, std::size_t eta, std::size_t rung) {
  double target = min;
  for (std::size_t k = 0; k < rung && target < max; ++k) target *= static_cast<double>(eta);
  return std::min(target, max);
}

}  // namespace wattune::schedulers
