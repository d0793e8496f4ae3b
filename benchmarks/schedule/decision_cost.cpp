#include "decision_cost.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <type_traits>

#include "wattune/base/random.hpp"
#include "wattune/schedulers/asha.hpp"
#include "wattune/schedulers/extrapolation.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/hyperband.hpp"
#include "wattune/schedulers/patience.hpp"
#include "wattune/schedulers/percentile.hpp"
#include "wattune/schedulers/successive_halving.hpp"

namespace wattune::bench {
namespace {

using namespace schedulers;

constexpr trial::Resource kResource{trial::ResourceUnit::Epochs, 1.0, 27.0};

trial::Problem made_problem(std::size_t num_objectives) {
  space::Parameter x;
  x.name = "x";
  x.domain = space::FloatDomain{0.0, 1.0, false, std::nullopt};
  trial::Problem problem{"cost", 1, space::Space{{x}}, {}, {}, kResource, {}, "", ""};
  for (std::size_t i = 0; i < num_objectives; ++i) {
    problem.objectives.push_back(
        {trial::measure_from_text("loss_" + std::to_string(i)), trial::Direction::Minimize});
  }
  return problem;
}

/// A study in which every trial reports at every epoch, or at the end of its assignment only.
class MadeStudy {
 public:
  MadeStudy(const SchedulerToTime& scheduler, const DecisionTiming& timing)
      : timing_(timing),
        wants_reports_(scheduler.wants_reports),
        history_(made_problem(timing.num_objectives)),
        scheduler_(scheduler.make(history_.problem())) {}

  DecisionCost run(std::string name) {
    while (micros_.size() < timing_.num_timed) {
      fill_slots();
      advance();
    }
    std::ranges::sort(micros_);
    return {std::move(name), timing_.num_objectives, micros_[micros_.size() / 2],
            micros_[micros_.size() * 19 / 20]};
  }

 private:
  template <typename Ask>
  std::invoke_result_t<Ask> timed(Ask ask) {
    const auto begin = std::chrono::steady_clock::now();
    std::invoke_result_t<Ask> answer = ask();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    if (history_.trials().size() >= timing_.num_trials) micros_.push_back(took.count());
    return answer;
  }

  void fill_slots() {
    while (running_.size() < timing_.num_workers) {
      const Step step = timed([&] { return scheduler_->next(history_, Fresh::Available); });
      if (std::holds_alternative<Wait>(step)) return;
      start(step);
    }
  }

  void start(const Step& step) {
    trial::Assignment assignment;
    if (const auto* fresh = std::get_if<StartFresh>(&step)) {
      assignment.trial = history_.next_trial_id();
      assignment.to = fresh->to;
      assignment.bracket = fresh->bracket;
      Rng rng{1, assignment.trial.number()};
      history_.apply(
          trial::TrialCreated{assignment.trial, {}, {}, *history_.problem().space.sample(rng)});
    } else {
      const auto& promote = std::get<Promote>(step);
      const trial::Trial& trial = history_.trial(promote.trial);
      assignment.trial = promote.trial;
      assignment.from = trial.step();
      assignment.to = promote.to;
      assignment.rung = promote.rung;
      assignment.bracket = trial.bracket();
    }
    history_.apply(trial::Assigned{assignment});
    running_.push_back(assignment);
  }

  /// Lets the worker whose turn it is report once.
  void advance() {
    const trial::Assignment assignment = running_[turn_ % running_.size()];
    const TrialId id = assignment.trial;
    const double before = history_.trial(id).step();
    const double step =
        wants_reports_ ? before + 1.0 : (before < assignment.to ? assignment.to : kResource.max);
    history_.apply(trial::Reported{id, step, 0.0, Seconds{1.0}, energy_of(id, step - before),
                                   metrics_of(id, step)});
    const trial::Verdict verdict = timed([&] { return scheduler_->decide(history_, id); });
    std::optional<trial::Outcome> outcome;
    if (step >= kResource.max) outcome = trial::Outcome::Completed;
    if (verdict == trial::Verdict::Pause) outcome = trial::Outcome::Paused;
    if (verdict == trial::Verdict::Stop) outcome = trial::Outcome::Stopped;
    if (outcome) {
      history_.apply(trial::AssignmentEnded{id, *outcome, "", {}, {}});
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(turn_ % running_.size()));
    }
    ++turn_;
  }

  static EnergyFigure energy_of(TrialId id, double epochs) {
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{epochs * (1.0 + id.number() % 7)});
    energy.provenance = Provenance::Measured;
    return energy;
  }

  [[nodiscard]] std::vector<trial::MetricValue> metrics_of(TrialId id, double step) const {
    Rng rng{2, id.number()};
    std::vector<trial::MetricValue> metrics;
    for (const trial::Objective& objective : history_.problem().objectives) {
      const double end = rng.uniform();
      metrics.push_back({objective.measure.name, end + std::exp(-step / 5.0)});
    }
    return metrics;
  }

  DecisionTiming timing_;
  bool wants_reports_;
  trial::History history_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<trial::Assignment> running_;
  std::size_t turn_ = 0;
  std::vector<double> micros_;
};

template <typename MakeRule>
SchedulerToTime with_rule(std::string name, MakeRule make) {
  return {std::move(name),
          [make](const trial::Problem& problem) {
            std::vector<std::unique_ptr<StopRule>> rules;
            rules.push_back(make(problem));
            return stop_when(problem.resource, make_full(problem.resource), std::move(rules));
          },
          true};
}

template <typename Make>
SchedulerToTime scheduler(std::string name, Make make, bool wants_reports = false) {
  return {std::move(name), [make](const trial::Problem& problem) { return make(problem.resource); },
          wants_reports};
}

}  // namespace

std::vector<SchedulerToTime> schedulers_to_time() {
  const auto asha = [](AshaOptions options) {
    return [options](const trial::Resource& resource) { return make_asha(resource, options); };
  };
  return {
      scheduler("full", make_full),
      scheduler("halving", [](const auto& resource) { return make_successive_halving(resource); }),
      scheduler("hyperband", [](const auto& resource) { return make_hyperband(resource); }),
      scheduler("asha", asha({})),
      scheduler("asha_by_energy", asha({.quota = AshaQuota::Energy})),
      scheduler("asha_stopping", asha({.variant = AshaVariant::Stopping}), true),
      with_rule("median", [](const auto& problem) { return make_percentile_rule(problem); }),
      with_rule("patience", [](const auto& problem) { return make_patience_rule(problem); }),
      with_rule(
          "convergence",
          [](const auto& problem) { return make_convergence_rule(problem, {.min_gain = 0.001}); }),
      with_rule("extrapolation",
                [](const auto& problem) { return make_extrapolation_rule(problem); }),
  };
}

DecisionCost time_decisions(const SchedulerToTime& scheduler, const DecisionTiming& timing) {
  return MadeStudy(scheduler, timing).run(scheduler.name);
}

}  // namespace wattune::bench
