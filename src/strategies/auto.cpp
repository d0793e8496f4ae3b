#include "wattune/strategies/auto.hpp"

#include <fmt/format.h>

#include <utility>

#include "wattune/samplers/auto.hpp"

namespace wattune::strategies {
namespace {

class Auto final : public Strategy {
 public:
  Auto(std::unique_ptr<Strategy> chosen, const AutoStrategyChoice& choice)
      : chosen_(std::move(chosen)),
        description_(fmt::format("auto: {}, because {}; {}",
                                 choice.is_race ? "race" : "full trainings", choice.reason,
                                 chosen_->describe())) {}

  Next next(const trial::History& history) override { return chosen_->next(history); }
  trial::Verdict decide(const trial::History& history, TrialId trial) override {
    return chosen_->decide(history, trial);
  }
  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    return chosen_->still_wanted(history, std::move(paused));
  }
  std::string progress(const trial::History& history) const override {
    return chosen_->progress(history);
  }
  std::vector<std::string> notes(const trial::History& history) const override {
    return chosen_->notes(history);
  }
  std::string describe() const override { return description_; }

 private:
  std::unique_ptr<Strategy> chosen_;
  std::string description_;
};

}  // namespace

AutoStrategyChoice choose_strategy(const trial::Problem& problem, bool can_pause) {
  if (problem.resource.unit == trial::ResourceUnit::Run) {
    return {false, "the study names no `resource`, so a training cannot be cut short"};
  }
  if (!can_pause) return {false, "a program with `capture` cannot be paused"};
  if (!(problem.resource.min < problem.resource.max)) {
    return {false, "the first rung is a full training"};
  }
  const samplers::AutoChoice sampler =
      samplers::choose_sampler(problem, {.stops_early = true, .seed = problem.seed});
  if (sampler.first != samplers::AutoModel::MultiFidelity) {
    return {false, "there are more parameters than the race's model can tell apart"};
  }
  return {true, fmt::format("trials tell their {} and can pause", to_text(problem.resource.unit))};
}

std::unique_ptr<Strategy> make_auto(const trial::Problem& problem, RaceOptions options,
                                    const std::function<std::unique_ptr<Strategy>()>& full) {
  const AutoStrategyChoice choice = choose_strategy(problem, options.can_pause);
  auto chosen = choice.is_race ? make_race(problem, std::move(options)) : full();
  return std::make_unique<Auto>(std::move(chosen), choice);
}

}  // namespace wattune::strategies
