#include "wattune/schedulers/successive_halving.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "halving_rules.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"
#include "wattune/schedulers/bracket.hpp"

namespace wattune::schedulers {
namespace {

/// The newest bracket of a history.
struct Newest {
  std::uint16_t number = 0;
  std::vector<TrialId> trials;  // the oldest first
  bool has_promoted = false;    // then nothing fresh may join it
};

Newest newest_bracket(const trial::History& history) {
  Newest newest;
  const auto trials = history.trials();
  for (auto trial = trials.rbegin(); trial != trials.rend(); ++trial) {
    if (trial->purpose() != trial::Purpose::Search) continue;
    if (newest.trials.empty()) newest.number = trial->bracket();
    if (trial->bracket() != newest.number) break;
    newest.trials.push_back(trial->id());
    newest.has_promoted |= trial->rung() > 0;
  }
  std::ranges::reverse(newest.trials);
  return newest;
}

class SuccessiveHalving final : public Scheduler {
 public:
  SuccessiveHalving(std::vector<double> targets, std::size_t eta, std::size_t num_trials,
                    RankBy rank_by)
      : targets_(std::move(targets)), eta_(eta), num_trials_(num_trials), rank_by_(rank_by) {}

  Step next(const trial::History& history, Fresh fresh) const override {
    const Newest bracket = newest_bracket(history);
    const bool is_open = bracket.trials.size() < num_trials_ && !bracket.has_promoted;
    if (is_open && fresh == Fresh::Available) return fill(history, bracket);
    const BracketState state = follow(history, bracket);
    if (!state.to_start.empty()) {
      const Contestant& first = state.to_start.front();
      return Promote{first.trial, first.target, static_cast<std::uint16_t>(state.rung)};
    }
    if (!state.is_ended) return Wait{};
    if (fresh == Fresh::Exhausted) return Done{};
    return StartFresh{first_target(), 0, static_cast<std::uint16_t>(bracket.number + 1)};
  }

  trial::Verdict decide(const trial::History& history, TrialId id) const override {
    return pause_at_target(history.trial(id), targets_.back());
  }

  /// What a bracket has dropped it never takes up again, and an older bracket has come to its end.
  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    const Newest bracket = newest_bracket(history);
    const bool is_open = bracket.trials.size() < num_trials_ && !bracket.has_promoted;
    if (!is_open) return wanted_by(follow(history, bracket), std::move(paused));
    std::erase_if(paused, [&](TrialId id) {
      return std::ranges::find(bracket.trials, id) == bracket.trials.end();
    });
    return paused;
  }

  std::string describe() const override {
    return fmt::format("successive halving: {} trials from {} to {}, eta {}, by {}", num_trials_,
                       number_text(targets_.front()), number_text(targets_.back()), eta_,
                       to_text(rank_by_));
  }

 private:
  [[nodiscard]] double first_target() const { return targets_.front(); }

  /// Another trial for an open bracket; those that were interrupted come first.
  [[nodiscard]] Step fill(const trial::History& history, const Newest& bracket) const {
    for (const TrialId id : bracket.trials) {
      const trial::Trial& trial = history.trial(id);
      if (!trial.is_running() && !is_settled(trial, first_target())) {
        return Promote{id, first_target(), 0};
      }
    }
    return StartFresh{first_target(), 0, bracket.number};
  }

  [[nodiscard]] BracketState follow(const trial::History& history, const Newest& bracket) const {
    return follow_bracket(history, bracket.trials,
                          halving_rules(history, targets_, eta_, rank_by_));
  }

  std::vector<double> targets_;
  std::size_t eta_;
  std::size_t num_trials_;
  RankBy rank_by_;
};

/// As many trials as leave one for the last rung: eta to the number of cuts.
std::size_t usual_num_trials(std::size_t num_rungs, std::size_t eta) {
  std::size_t num_trials = 1;
  for (std::size_t rung = 1; rung < num_rungs; ++rung) num_trials *= eta;
  return num_trials;
}

}  // namespace

std::unique_ptr<Scheduler> make_successive_halving(const trial::Resource& resource,
                                                   const SuccessiveHalvingOptions& options) {
  std::vector<double> targets = rung_targets(resource, options.eta);
  if (options.num_trials && *options.num_trials == 0) {
    throw ConfigError("num_trials: 0 is not allowed; it is 1 or more");
  }
  const std::size_t num_trials =
      options.num_trials.value_or(usual_num_trials(targets.size(), options.eta));
  return std::make_unique<SuccessiveHalving>(std::move(targets), options.eta, num_trials,
                                             options.rank_by);
}

}  // namespace wattune::schedulers
