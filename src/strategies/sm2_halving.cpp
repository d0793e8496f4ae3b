#include "sm2_halving.hpp"

#include <algorithm>

#include "wattune/base/require.hpp"

namespace wattune::strategies {

using schedulers::Contestant;

bool Halving::is_done(const trial::History& history, const Contestant& member) const {
  const trial::Trial& trial = history.trial(member.trial);
  return rung_here(trial, carried_) > rung() || schedulers::is_settled(trial, member.target);
}

void Halving::add(const trial::History& history, TrialId id) {
  ++num_filled_;
  if (history.trial(id).rung() > 0) close();
  join(history, id);
}

void Halving::carry(const trial::History& history, Carried carried) {
  WATTUNE_REQUIRE(members().empty() && !carried_);
  carried_ = carried;
  join(history, carried.trial);
}

void Halving::join(const trial::History& history, TrialId id) {
  WATTUNE_REQUIRE(rung() == 0);
  std::vector<Contestant>& members = rungs_.back();
  WATTUNE_REQUIRE(members.empty() || members.back().trial < id);
  members.push_back({id, judge(history).target(history.trial(id), 0)});
  is_settled_.push_back(is_done(history, members.back()));
  if (!is_settled_.back()) ++num_open_;
}

/// Takes note that an assignment of a trial has ended.
void Halving::look_at(const trial::History& history, TrialId id) {
  const std::vector<Contestant>& members = rungs_.back();
  const auto member = std::ranges::lower_bound(members, id, {}, &Contestant::trial);
  if (member == members.end() || member->trial != id) return;
  const auto index = static_cast<std::size_t>(member - members.begin());
  if (is_settled_[index]) return;
  if (is_done(history, *member)) {
    is_settled_[index] = true;
    --num_open_;
    again_.erase(index);
  } else if (!history.trial(id).is_running()) {
    again_.insert(index);
  }
}

void Halving::follow(const trial::History& history) {
  const auto ends = history.finished_order();
  for (; num_ends_seen_ < ends.size(); ++num_ends_seen_) look_at(history, ends[num_ends_seen_]);
  const auto is_full = [&] { return is_closed_ || num_filled_ >= plan_.slots.size(); };
  while (!is_ended_ && num_open_ == 0 && is_full()) end_rung(history);
}

std::optional<Contestant> Halving::next_to_start(const trial::History& history) {
  const std::vector<Contestant>& members = rungs_.back();
  while (!again_.empty() && history.trial(members[*again_.begin()].trial).is_running()) {
    again_.erase(again_.begin());
  }
  for (; next_index_ < members.size(); ++next_index_) {
    if (is_settled_[next_index_]) continue;
    if (!history.trial(members[next_index_].trial).is_running()) break;
  }
  std::size_t index = next_index_;
  if (!again_.empty()) index = std::min(index, *again_.begin());
  if (is_ended_ || index >= members.size()) return std::nullopt;
  return members[index];
}

void Halving::open_rung(const trial::History& history, const std::vector<TrialId>& trials) {
  rungs_.emplace_back();
  is_settled_.clear();
  again_.clear();
  num_open_ = 0;
  next_index_ = 0;
  const bool is_alone = trials.size() == 1;
  const RungJudge judge = this->judge(history);
  for (const TrialId id : trials) {
    const double target = is_alone ? ladder_.max : judge.target(history.trial(id), rung());
    rungs_.back().push_back({id, target});
    is_settled_.push_back(is_done(history, rungs_.back().back()));
    if (!is_settled_.back()) ++num_open_;
  }
}

/// Those who go on, the oldest first.
std::vector<TrialId> Halving::survivors(const trial::History& history) const {
  const auto has_gone_on = [&](TrialId id) {
    return rung_here(history.trial(id), carried_) > rung();
  };
  std::vector<TrialId> gone_on;
  for (const Contestant& member : members()) {
    if (has_gone_on(member.trial)) gone_on.push_back(member.trial);
  }
  const std::size_t usual = (members().size() + ladder_.eta - 1) / ladder_.eta;
  const bool is_decided = options_.rule != HalvingRule::CostAware && gone_on.size() >= usual;
  if (is_decided) return gone_on;  // no need to rank what is decided

  RungVerdict verdict = judge(history).judge(members(), rung());
  std::ranges::stable_partition(verdict.ranked, has_gone_on);
  const std::size_t num_kept = std::max(verdict.num_kept, gone_on.size());
  verdict.ranked.resize(std::min(num_kept, verdict.ranked.size()));
  std::ranges::sort(verdict.ranked);
  return verdict.ranked;
}

void Halving::end_rung(const trial::History& history) {
  if (rung() == 0) mean_cost_ = judge(history).mean_cost_of(members());
  const std::vector<TrialId> kept = survivors(history);
  const bool is_last = std::ranges::all_of(
      members(), [&](const Contestant& member) { return member.target >= ladder_.max; });
  const bool is_chosen = then_ == Winner::IsChosen && kept.size() == 1;
  if (!kept.empty() && !is_last && !is_chosen) return open_rung(history, kept);
  is_ended_ = true;
  if (is_chosen) {
    winner_ = kept.front();
  } else if (!kept.empty()) {
    winner_ = judge(history).judge(members(), rung(), 1).ranked.front();
  }
}

}  // namespace wattune::strategies
