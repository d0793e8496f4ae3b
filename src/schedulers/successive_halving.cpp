#include "wattune/schedulers/successive_halving.hpp"

#include <fmt/format.h>

#include <algorithm>

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
  SuccessiveHalving(const trial::Resource& resource, std::size_t eta, std::size_t num_trials,
                    RankBy rank_by)
      : min_(resource.min),
        max_(resource.max),
        eta_(eta),
        num_trials_(num_trials),
        rank_by_(rank_by) {}

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
    const trial::Trial& trial = history.trial(id);
    const bool is_at_rung = trial.target() < max_ && trial.step() >= trial.target();
    return is_at_rung ? trial::Verdict::Pause : trial::Verdict::Continue;
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
                       number_text(min_), number_text(max_), eta_, to_text(rank_by_));
  }

 private:
  [[nodiscard]] double first_target() const { return rung_target(min_, max_, eta_, 0); }

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
    return follow_bracket(history, bracket.trials, rules(history));
  }

  [[nodiscard]] BracketRules rules(const trial::History& history) const {
    BracketRules rules;
    rules.eta = eta_;
    rules.max = max_;
    rules.target = [this](const trial::Trial&, std::size_t rung) {
      return rung_target(min_, max_, eta_, rung);
    };
    rules.rank = [this, &history](std::span<const Contestant> members, std::size_t rung,
                                  std::size_t) {
      std::vector<Standing> standings;
      for (const Contestant& member : members) {
        if (!is_out(history.trial(member.trial), rung)) {
          standings.push_back(standing_of(history, member));
        }
      }
      return rank(std::move(standings), rank_by_);
    };
    return rules;
  }

  double min_;
  double max_;
  std::size_t eta_;
  std::size_t num_trials_;
  RankBy rank_by_;
};

/// As many trials as leave one for the last rung: eta to the number of cuts.
std::size_t usual_num_trials(const trial::Resource& resource, std::size_t eta) {
  std::size_t num_trials = 1;
  for (std::size_t rung = 0; rung_target(resource.min, resource.max, eta, rung) < resource.max;
       ++rung) {
    num_trials *= eta;
  }
  return num_trials;
}

}  // namespace

std::unique_ptr<Scheduler> make_successive_halving(const trial::Resource& resource,
                                                   const SuccessiveHalvingOptions& options) {
  if (options.eta < 2) {
    throw ConfigError(fmt::format("eta: {} is not allowed; it is 2 or more", options.eta));
  }
  if (options.num_trials && *options.num_trials == 0) {
    throw ConfigError("num_trials: 0 is not allowed; it is 1 or more");
  }
  if (!(resource.min > 0.0 && resource.min <= resource.max)) {
    throw ConfigError(fmt::format("resource: min {} is not between 0 and max {}",
                                  number_text(resource.min), number_text(resource.max)));
  }
  const std::size_t num_trials =
      options.num_trials.value_or(usual_num_trials(resource, options.eta));
  return std::make_unique<SuccessiveHalving>(resource, options.eta, num_trials, options.rank_by);
}

}  // namespace wattune::schedulers
