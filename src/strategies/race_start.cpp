#include "race_start.hpp"

#include <algorithm>
#include <span>
#include <tuple>
#include <vector>

namespace wattune::strategies {
namespace {

using Members = std::vector<std::uint32_t>;

/// Trials of the search before the first that the race has drawn.
std::size_t num_given(const trial::History& history) {
  std::size_t count = 0;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    if (trial.origin() == trial::Origin::Sampler) break;
    ++count;
  }
  return count;
}

Members members_of(const trial::History& history, std::size_t count) {
  Members members;
  for (const trial::Trial& trial : history.trials()) {
    if (members.size() == count) break;
    if (trial.purpose() == trial::Purpose::Search) members.push_back(trial.id().number());
  }
  return members;
}

/// The members that have a value at the rung, the best first.
Members ranked(const trial::History& history, const RaceRecord& record, const Members& members,
               std::size_t rung) {
  std::vector<std::tuple<double, double, std::uint32_t>> seen;
  for (const CurveValue& value : record.values()) {
    if (value.step != record.rungs()[rung] || std::ranges::count(members, value.trial) == 0) {
      continue;
    }
    seen.emplace_back(violation_of(history.problem().constraints, value), value.losses.front(),
                      value.trial);
  }
  std::ranges::sort(seen);
  Members order;
  for (const auto& entry : seen) order.push_back(std::get<2>(entry));
  return order;
}

}  // namespace

StartStep next_of_start(const trial::History& history, const RaceRecord& record,
                        const RaceTuning& tuning, bool has_learned) {
  const std::size_t given = num_given(history);
  const bool is_blind = given == 0;
  std::size_t num_start = is_blind ? tuning.num_blind_start : tuning.num_start;
  if (has_learned) num_start = std::max(num_start, given + tuning.num_beside);
  const Members members = members_of(history, num_start);
  if (members.size() < num_start) return StartAnother{};
  const auto rungs = record.rungs();
  if (rungs.size() < 2) return StartRests{};
  const auto trial_of = [&](std::uint32_t number) -> const trial::Trial& {
    return history.trials()[number];
  };
  const auto is_short_of = [&](std::uint32_t number, double target) {
    const trial::Trial& trial = trial_of(number);
    return trial.is_running() && trial.step() < target;
  };
  const auto any_short_of = [&](const Members& some, double target) {
    return std::ranges::any_of(some, [&](std::uint32_t one) { return is_short_of(one, target); });
  };
  const bool has_run_all_the_way = std::ranges::any_of(
      members, [&](std::uint32_t number) { return trial_of(number).target() >= rungs.back(); });
  if (has_run_all_the_way || any_short_of(members, rungs[0])) return StartRests{};

  Members chosen = ranked(history, record, members, 0);
  chosen.resize(std::min(chosen.size(), is_blind ? tuning.num_blind_second : tuning.num_second));
  for (const std::uint32_t number : chosen) {
    const trial::Trial& trial = trial_of(number);
    if (can_go_on(trial) && trial.step() < rungs[1]) return StartContinues{number, rungs[1]};
  }
  if (any_short_of(chosen, rungs[1])) return StartRests{};
  for (const std::uint32_t number : ranked(history, record, chosen, 1)) {
    if (can_go_on(trial_of(number))) return StartContinues{number, rungs.back()};
  }
  return StartRests{};
}

}  // namespace wattune::strategies
