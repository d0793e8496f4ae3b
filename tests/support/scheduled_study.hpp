#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/problems.hpp"
#include "wattune/schedulers/scheduler.hpp"
#include "wattune/strategies/strategy.hpp"

namespace wattune {

/// Lets a scheduler run a simulated study on random configurations, a given number of them.
class ScheduledStudy final : public strategies::Strategy {
 public:
  ScheduledStudy(std::unique_ptr<schedulers::Scheduler> scheduler, std::size_t max_trials)
      : scheduler_(std::move(scheduler)), max_trials_(max_trials) {}

  strategies::Next next(const trial::History& history) override {
    const auto fresh = history.trials().size() < max_trials_ ? schedulers::Fresh::Available
                                                             : schedulers::Fresh::Exhausted;
    const schedulers::Step step = scheduler_->next(history, fresh);
    if (const auto* start = std::get_if<schedulers::StartFresh>(&step)) {
      EXPECT_EQ(fresh, schedulers::Fresh::Available) << "StartFresh, but nothing is left to start";
      Rng rng{history.problem().seed, history.trials().size()};
      strategies::NewTrial made;
      made.configuration = *history.problem().space.sample(rng);
      made.assignment =
          assignment_to(history.next_trial_id(), 0.0, start->to, start->rung, start->bracket);
      made.assignment.report_every = start->report_every;
      return made;
    }
    if (const auto* promote = std::get_if<schedulers::Promote>(&step)) {
      const trial::Trial& trial = history.trial(promote->trial);
      const auto checkpoint = trial.checkpoint();
      strategies::Resume resume{assignment_to(promote->trial,
                                              checkpoint ? checkpoint->position : 0.0, promote->to,
                                              promote->rung, trial.bracket())};
      resume.assignment.report_every = promote->report_every;
      return resume;
    }
    if (std::holds_alternative<schedulers::Wait>(step)) return strategies::Wait{};
    EXPECT_EQ(fresh, schedulers::Fresh::Exhausted) << "Done, but fresh trials are available";
    EXPECT_EQ(history.num_running(), 0U) << "Done while a trial runs";
    return strategies::Finished{"done"};
  }

  trial::Verdict decide(const trial::History& history, TrialId trial) override {
    return scheduler_->decide(history, trial);
  }
  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    return scheduler_->still_wanted(history, std::move(paused));
  }
  std::string progress(const trial::History&) const override { return "test"; }
  std::vector<std::string> notes(const trial::History&) const override { return {}; }
  std::string describe() const override { return scheduler_->describe(); }

 private:
  std::unique_ptr<schedulers::Scheduler> scheduler_;
  std::size_t max_trials_;
};

}  // namespace wattune
