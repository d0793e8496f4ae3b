#include "wattune/schedulers/hyperband.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>

#include "halving_rules.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::schedulers {
namespace {

/// A bracket that has begun.
struct Begun {
  std::uint16_t number = 0;
  std::vector<TrialId> trials;  // the oldest first
};

class Hyperband final : public Scheduler {
 public:
  Hyperband(std::vector<double> targets, const HyperbandOptions& options)
      : targets_(std::move(targets)), options_(options) {
    for (std::size_t s = 0; s < targets_.size(); ++s) {
      sizes_.push_back(hyperband_bracket(targets_, options.eta, s).front().num_trials);
    }
  }

  Step next(const trial::History& history, Fresh fresh) const override {
    follow(history);
    for (auto bracket = open_.begin(); bracket != open_.end();) {
      const bool is_newest = std::next(bracket) == open_.end();
      const bool is_filling = is_newest && fresh == Fresh::Available && has_room(history, *bracket);
      const BracketState state = stand_of(history, *bracket);
      if (!state.to_start.empty() && (state.rung == 0 || !is_filling)) {
        const Contestant& first = state.to_start.front();
        return Promote{first.trial, first.target, static_cast<std::uint16_t>(state.rung)};
      }
      if (is_filling) return start_in(bracket->number);
      bracket = state.is_ended && !is_newest ? open_.erase(bracket) : std::next(bracket);
    }
    if (fresh == Fresh::Available) {
      return start_in(open_.empty() ? 0 : static_cast<std::uint16_t>(open_.back().number + 1));
    }
    if (history.num_running() > 0) return Wait{};
    return Done{};
  }

  trial::Verdict decide(const trial::History& history, TrialId id) const override {
    return pause_at_target(history.trial(id), targets_.back());
  }

  /// A bracket that has ended wants nobody, one that is filling everybody.
  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    follow(history);
    std::vector<TrialId> wanted;
    for (const Begun& bracket : open_) {
      std::vector<TrialId> own;
      std::ranges::copy_if(paused, std::back_inserter(own), [&](TrialId id) {
        return std::ranges::binary_search(bracket.trials, id);
      });
      const bool is_filling = &bracket == &open_.back() && has_room(history, bracket);
      if (!is_filling) own = wanted_by(stand_of(history, bracket), std::move(own));
      wanted.insert(wanted.end(), own.begin(), own.end());
    }
    return wanted;
  }

  std::string describe() const override {
    return fmt::format("hyperband: {} brackets from {} to {}, eta {}, by {}", targets_.size(),
                       number_text(targets_.front()), number_text(targets_.back()), options_.eta,
                       to_text(options_.rank_by));
  }

 private:
  /// Brackets by their trials. One that has ended is dropped once it is not the newest.
  void follow(const trial::History& history) const {
    const auto trials = history.trials();
    if (trials.size() < num_seen_) {
      open_.clear();
      num_seen_ = 0;
    }
    for (; num_seen_ < trials.size(); ++num_seen_) {
      const trial::Trial& trial = trials[num_seen_];
      if (trial.purpose() != trial::Purpose::Search) continue;
      if (open_.empty() || open_.back().number != trial.bracket()) {
        open_.push_back({trial.bracket(), {}});
      }
      open_.back().trials.push_back(trial.id());
    }
  }

  /// How many cuts the trials of a bracket go through.
  [[nodiscard]] std::size_t num_cuts(std::uint16_t number) const {
    return targets_.size() - 1 - number % targets_.size();
  }

  [[nodiscard]] std::span<const double> targets_of(std::uint16_t number) const {
    return std::span{targets_}.subspan(targets_.size() - 1 - num_cuts(number));
  }

  [[nodiscard]] Step start_in(std::uint16_t number) const {
    return StartFresh{targets_of(number).front(), 0, number};
  }

  [[nodiscard]] bool has_room(const trial::History& history, const Begun& bracket) const {
    return bracket.trials.size() < sizes_[num_cuts(bracket.number)] &&
           std::ranges::none_of(bracket.trials,
                                [&](TrialId id) { return history.trial(id).rung() > 0; });
  }

  [[nodiscard]] BracketState stand_of(const trial::History& history, const Begun& bracket) const {
    BracketRules rules =
        halving_rules(history, targets_of(bracket.number), options_.eta, options_.rank_by);
    rules.rounds_up = false;
    return follow_bracket(history, bracket.trials, rules);
  }

  std::vector<double> targets_;
  HyperbandOptions options_;
  std::vector<std::size_t> sizes_;  // trials of a bracket, by its number of cuts
  mutable std::deque<Begun> open_;
  mutable std::size_t num_seen_ = 0;
};

}  // namespace

std::vector<BracketRung> hyperband_bracket(const std::vector<double>& targets, std::size_t eta,
                                           std::size_t s) {
  WATTUNE_REQUIRE(s < targets.size());
  std::size_t power = 1;
  for (std::size_t k = 0; k < s; ++k) power *= eta;
  std::size_t num_trials = (targets.size() * power + s) / (s + 1);
  std::vector<BracketRung> rungs;
  for (std::size_t k = targets.size() - 1 - s; k < targets.size(); ++k) {
    rungs.push_back({num_trials, targets[k]});
    num_trials /= eta;
  }
  return rungs;
}

std::unique_ptr<Scheduler> make_hyperband(const trial::Resource& resource,
                                          const HyperbandOptions& options) {
  return std::make_unique<Hyperband>(rung_targets(resource, options.eta), options);
}

}  // namespace wattune::schedulers
