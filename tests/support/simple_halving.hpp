#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/strategies/strategy.hpp"

namespace wattune {

/// Random configurations and plain successive halving over three rungs (a ninth, a third and the
/// whole resource), in a few lines: the strategy of tests that are about something else.
class SimpleHalving final : public strategies::Strategy {
 public:
  explicit SimpleHalving(std::size_t num_trials) : num_trials_(num_trials) {}

  [[nodiscard]] strategies::Next next(const trial::History& history) override {
    if (history.trials().size() - history.num_finalist_trials() < num_trials_) {
      return fresh(history);
    }
    for (std::uint16_t rung = 0; rung < 2; ++rung) {
      if (auto promoted = promotion(history, rung)) return *promoted;
      if (history.num_running() > 0) return strategies::Wait{};
    }
    return strategies::Finished{"every rung is full"};
  }

  [[nodiscard]] trial::Verdict decide(const trial::History& history, TrialId id) override {
    const trial::Trial& trial = history.trial(id);
    const bool is_below = trial.step() < trial.target();
    const bool is_full = trial.step() >= history.problem().resource.max;
    return is_below || is_full ? trial::Verdict::Continue : trial::Verdict::Pause;
  }

  [[nodiscard]] std::string progress(const trial::History& history) const override {
    return std::to_string(history.trials().size()) + " trials";
  }
  [[nodiscard]] std::vector<std::string> notes(const trial::History&) const override { return {}; }
  [[nodiscard]] std::string describe() const override { return "random, halving by 3"; }

 private:
  static double target_of(const trial::History& history, int rung) {
    const double max = history.problem().resource.max;
    return rung == 0 ? max / 9.0 : rung == 1 ? max / 3.0 : max;
  }

  static strategies::NewTrial fresh(const trial::History& history) {
    strategies::NewTrial trial;
    trial.assignment.trial = history.next_trial_id();
    trial.assignment.to = target_of(history, 0);
    Rng rng(history.problem().seed, trial.assignment.trial.number());
    trial.configuration = history.problem().space.sample(rng).value();
    return trial;
  }

  /// The best third of a rung, once all of it is in.
  [[nodiscard]] std::optional<strategies::Next> promotion(const trial::History& history,
                                                          std::uint16_t rung) const {
    std::vector<std::pair<double, TrialId>> entries;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Search) continue;
      const auto losses = history.losses_at(trial, target_of(history, rung));
      if (trial.rung() >= rung && losses) entries.emplace_back(losses->front(), trial.id());
    }
    std::ranges::sort(entries);
    const std::size_t num_members = rung == 0 ? num_trials_ : num_trials_ / 3;
    if (entries.size() < num_members) return std::nullopt;
    for (std::size_t i = 0; i < num_members / 3; ++i) {
      if (history.trial(entries[i].second).rung() > rung) continue;
      strategies::Resume resume;
      resume.assignment.trial = entries[i].second;
      resume.assignment.rung = static_cast<std::uint16_t>(rung + 1);
      resume.assignment.to = target_of(history, rung + 1);
      return resume;
    }
    return std::nullopt;
  }

  std::size_t num_trials_;
};

}  // namespace wattune
