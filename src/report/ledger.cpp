#include "wattune/report/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace wattune::report {
namespace {

/// Busy beside a trial to this share of all cores, others make its figure worth a note.
constexpr double kDisturbing = 0.05;

void add_node(std::optional<EnergyFigure>& sum, const EnergyFigure& node) {
  sum = sum.value_or(EnergyFigure{}) + node;
}

}  // namespace

void Ledger::book(TrialId trial, const EnergyFigure& energy) {
  Account& account = trials_[trial];
  account.spent[account.current] += energy;
  total_ += energy;
}

void Ledger::end(const trial::AssignmentEnded& ended) {
  Account& account = trials_[ended.trial];
  account.has_failed = trial::is_failure(ended.outcome);
  account.is_cut = trial::is_cut_by_budget(ended.outcome);
  if (ended.outcome == trial::Outcome::Lost && ended.energy.is_missing()) {
    lost_.push_back(ended.trial);
  } else {
    book(ended.trial, ended.energy);
  }
}

void Ledger::note(const trial::AssignmentMetered& metered) {
  Account& account = trials_[metered.trial];
  account.node[account.current] += metered.node;
  account.foreign_cpu_share =
      std::max(account.foreign_cpu_share, metered.foreign_cpu_share.value_or(0.0));
  for (const std::string& words : metered.notes) {
    meter_notes_.push_back(fmt::format("trial {}: {}", metered.trial.number(), words));
  }
}

std::vector<std::string> Ledger::notes() const {
  std::vector<std::string> notes = meter_notes_;
  for (const TrialId id : lost_) {
    notes.push_back(
        fmt::format("trial {} was lost with its engine before its first report: what it drew until "
                    "then is not known, and not in the total",
                    id.number()));
  }
  std::size_t num_disturbed = 0;
  double most = 0.0;
  TrialId worst;
  for (const auto& [id, account] : trials_) {
    if (account.foreign_cpu_share < kDisturbing) continue;
    ++num_disturbed;
    if (account.foreign_cpu_share > most) worst = id;
    most = std::max(most, account.foreign_cpu_share);
  }
  if (num_disturbed > 0) {
    notes.push_back(fmt::format(
        "{} of {} trials had company: processes that are none of the study's took {:.0f} % of the "
        "processors or more (at most {:.0f} %, beside trial {}); their part is split off by CPU "
        "time, which is less sure",
        num_disturbed, trials_.size(), kDisturbing * 100.0, most * 100.0, worst.number()));
  }
  return notes;
}

void Ledger::apply(const trial::Event& event) {
  if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
    const trial::Assignment& assignment = assigned->assignment;
    Key& key = trials_[assignment.trial].current;
    key = {Purpose::Rung, assignment.rung};
    if (assignment.stage == trial::Stage::Probe) key = {Purpose::Probe, 0};
    if (assignment.stage == trial::Stage::Final) key = {Purpose::Final, 0};
    if (assignment.stage == trial::Stage::Finalist) key = {Purpose::Finalists, 0};
  } else if (const auto* reported = std::get_if<trial::Reported>(&event)) {
    book(reported->trial, reported->energy);
  } else if (const auto* repeated = std::get_if<trial::WorkRepeated>(&event)) {
    book(repeated->trial, repeated->energy);
  } else if (const auto* metered = std::get_if<trial::AssignmentMetered>(&event)) {
    note(*metered);
  } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
    end(*ended);
  } else if (const auto* idle = std::get_if<trial::IdleMeasured>(&event)) {
    idle_probe_ += idle->energy;
    total_ += idle->energy;
  } else if (const auto* overhead = std::get_if<trial::OverheadBooked>(&event)) {
    engine_ += overhead->engine;
    rest_ += overhead->rest;
    total_ += overhead->engine;
    total_ += overhead->rest;
  }
}

std::vector<Ledger::Entry> Ledger::entries() const {
  Entry probe{"probe", "Probe", idle_probe_, 0};
  std::map<std::uint16_t, Entry> rungs;
  Entry final_training{"final", "Final training", {}, 0};
  Entry finalists{"finalists", "Finalists measured again", {}, 0};
  Entry cut{"cut", "Cut by a budget", {}, 0};
  Entry failed{"failed", "Failed trials", {}, 0};
  const auto entry_of = [&](const Account& account, const Key& key) -> Entry& {
    if (account.has_failed) return failed;
    if (account.is_cut) return cut;
    if (key.purpose == Purpose::Probe) return probe;
    if (key.purpose == Purpose::Final) return final_training;
    return key.purpose == Purpose::Finalists ? finalists : rungs[key.rung];
  };
  for (const auto& [id, account] : trials_) {
    const bool is_whole = account.has_failed || account.is_cut;  // one entry for all it drew
    if (account.has_failed) ++failed.num_trials;
    if (account.is_cut) ++cut.num_trials;
    for (const auto& [key, energy] : account.spent) {
      Entry& entry = entry_of(account, key);
      entry.energy += energy;
      if (!is_whole) ++entry.num_trials;
    }
  }
  std::vector<Entry> entries;
  const auto add = [&](Entry entry) {
    const bool is_empty = entry.energy == EnergyFigure{} && entry.num_trials == 0;
    if (!is_empty) entries.push_back(std::move(entry));
  };
  for (const auto& [id, account] : trials_) {
    for (const auto& [key, node] : account.node) add_node(entry_of(account, key).node, node);
  }
  add(probe);
  for (auto& [rung, entry] : rungs) {
    entry.name = fmt::format("rung_{}", rung);
    entry.label = rungs.size() == 1 ? "Exploration" : fmt::format("Exploration, rung {}", rung);
    add(entry);
  }
  add(final_training);
  add(finalists);
  add(cut);
  add(failed);
  add({"engine", "Wattune itself", engine_, 0});
  add({"idle", "Idle and other processes", rest_, 0});
  return entries;
}

}  // namespace wattune::report
