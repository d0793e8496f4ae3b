#include "wattune/strategies/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "assignments.hpp"
#include "tried.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"

namespace wattune::strategies {
namespace {

using schedulers::Fresh;

/// How often a sampler that repeats a configuration is asked again, and how often the space is
/// searched after that.
constexpr int kMaxAsked = 20;
constexpr int kMaxDrawn = 200;

class Composed final : public Strategy {
 public:
  Composed(std::unique_ptr<samplers::Sampler> sampler,
           std::unique_ptr<schedulers::Scheduler> scheduler)
      : sampler_(std::move(sampler)), scheduler_(std::move(scheduler)) {}

  Next next(const trial::History& history) override {
    schedulers::Step step = scheduler_->next(history, Fresh::Available);
    if (const auto* fresh = std::get_if<schedulers::StartFresh>(&step)) {
      if (auto proposal = propose(history)) return new_trial(history, *fresh, *std::move(proposal));
      step = scheduler_->next(history, Fresh::Exhausted);
    }
    if (const auto* promote = std::get_if<schedulers::Promote>(&step)) {
      return resume(history, *promote);
    }
    if (std::holds_alternative<schedulers::Wait>(step)) return Wait{};
    WATTUNE_REQUIRE(std::holds_alternative<schedulers::Done>(step));
    if (history.num_running() > 0) return Wait{};
    return Finished{"the sampler has nothing more to offer"};
  }

  trial::Verdict decide(const trial::History& history, TrialId trial) override {
    return scheduler_->decide(history, trial);
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    return scheduler_->still_wanted(history, std::move(paused));
  }

  std::string progress(const trial::History& history) const override {
    std::size_t num_completed = 0;
    std::size_t num_paused = 0;
    for (const trial::Trial& trial : history.trials()) {
      num_completed += trial.state() == trial::TrialState::Completed ? 1 : 0;
      num_paused += trial.state() == trial::TrialState::Paused ? 1 : 0;
    }
    return fmt::format("{} trials: {} completed, {} paused, {} running", history.trials().size(),
                       num_completed, num_paused, history.num_running());
  }

  std::vector<std::string> notes(const trial::History& history) const override {
    if (history.problem().space.default_configuration()) return {};
    return {"Not every parameter has a default, so no default configuration was tried first."};
  }

  std::string describe() const override {
    return fmt::format("{}; {}", sampler_->describe(), scheduler_->describe());
  }

 private:
  struct Proposal {
    trial::Origin origin = trial::Origin::Sampler;
    space::Configuration configuration;
  };

  std::optional<Proposal> propose(const trial::History& history) {
    const trial::Problem& problem = history.problem();
    const bool is_first = std::ranges::none_of(history.trials(), [](const trial::Trial& trial) {
      return trial.purpose() == trial::Purpose::Search;
    });
    if (is_first) {
      if (auto configuration = problem.space.default_configuration()) {
        return Proposal{trial::Origin::Default, *std::move(configuration)};
      }
    }
    if (auto configuration = next_enqueued(history)) {
      return Proposal{trial::Origin::Enqueued, *std::move(configuration)};
    }
    Rng rng{problem.seed, history.next_trial_id().number()};
    for (int asked = 0; asked < kMaxAsked; ++asked) {
      auto suggestion = sampler_->suggest(history, rng);
      if (!suggestion) return std::nullopt;
      if (!tried_.contains(history, *suggestion)) {
        return Proposal{trial::Origin::Sampler, *std::move(suggestion)};
      }
    }
    for (int drawn = 0; drawn < kMaxDrawn; ++drawn) {
      auto sample = problem.space.sample(rng);
      if (!sample) return std::nullopt;
      if (!tried_.contains(history, *sample)) {
        return Proposal{trial::Origin::Sampler, *std::move(sample)};
      }
    }
    return std::nullopt;
  }

  /// The first wish of the user that has not been tried.
  std::optional<space::Configuration> next_enqueued(const trial::History& history) {
    const auto enqueued = history.enqueued();
    while (num_enqueued_tried_ < enqueued.size()) {
      const space::Configuration& configuration = enqueued[num_enqueued_tried_];
      if (!tried_.contains(history, configuration)) return configuration;
      ++num_enqueued_tried_;
    }
    return std::nullopt;
  }

  static Next new_trial(const trial::History& history, const schedulers::StartFresh& fresh,
                        Proposal proposal) {
    trial::Assignment assignment;
    assignment.trial = history.next_trial_id();
    assignment.to = fresh.to;
    assignment.rung = fresh.rung;
    assignment.bracket = fresh.bracket;
    assignment.report_every = fresh.report_every;
    return NewTrial{trial::Purpose::Search, proposal.origin, std::move(proposal.configuration),
                    assignment};
  }

  static Next resume(const trial::History& history, const schedulers::Promote& promote) {
    const trial::Trial& trial = history.trial(promote.trial);
    trial::Assignment assignment;
    assignment.trial = promote.trial;
    assignment.from = resume_step(trial);
    assignment.to = promote.to;
    assignment.rung = promote.rung;
    assignment.bracket = trial.bracket();
    assignment.report_every = promote.report_every;
    const bool is_last_cut = promote.rung > 0 && promote.to >= history.problem().resource.max;
    assignment.stage = is_last_cut ? trial::Stage::Final : trial::Stage::Exploration;
    return Resume{assignment};
  }

  std::unique_ptr<samplers::Sampler> sampler_;
  std::unique_ptr<schedulers::Scheduler> scheduler_;
  Tried tried_;
  std::size_t num_enqueued_tried_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> compose(std::unique_ptr<samplers::Sampler> sampler,
                                  std::unique_ptr<schedulers::Scheduler> scheduler) {
  WATTUNE_REQUIRE(sampler != nullptr && scheduler != nullptr);
  return std::make_unique<Composed>(std::move(sampler), std::move(scheduler));
}

}  // namespace wattune::strategies
