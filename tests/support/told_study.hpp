#pragma once

#include <string>
#include <vector>

#include "support/problems.hpp"
#include "wattune/schedulers/scheduler.hpp"

namespace wattune {

/// A study that is told event by event: losses are the metrics "loss_0", "loss_1" and so on.
class ToldStudy {
 public:
  explicit ToldStudy(trial::Resource resource, std::size_t num_objectives = 1)
      : history(problem_of(resource, num_objectives)) {}

  static trial::Problem problem_of(trial::Resource resource, std::size_t num_objectives = 1) {
    trial::Problem problem = accuracy_problem({float_parameter("x", 0.0, 1.0)}, resource);
    problem.objectives.clear();
    for (std::size_t i = 0; i < num_objectives; ++i) {
      problem.objectives.push_back({trial::measure_from_text("loss_" + std::to_string(i)), {}});
    }
    return problem;
  }

  TrialId start(double to) {
    const TrialId id = history.next_trial_id();
    Rng rng{id.number()};
    history.apply(trial::TrialCreated{id, {}, {}, *history.problem().space.sample(rng)});
    history.apply(trial::Assigned{assignment_to(id, 0.0, to)});
    return id;
  }
  void report(TrialId id, double step, const std::vector<double>& losses, double joules = 1.0) {
    std::vector<trial::MetricValue> metrics;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      metrics.push_back({"loss_" + std::to_string(i), losses[i]});
    }
    EnergyFigure energy;
    energy.dynamic = to_microjoules(Joules{joules});
    energy.provenance = Provenance::Measured;
    history.apply(trial::Reported{id, step, 0.0, Seconds{1.0}, energy, metrics});
  }
  void end(TrialId id, trial::Outcome outcome = trial::Outcome::Paused) {
    history.apply(trial::AssignmentEnded{id, outcome, "", {}, {}});
  }
  /// A trial that has got to the first rung and pauses there.
  TrialId pause_with(const std::vector<double>& losses, double joules = 1.0) {
    const TrialId id = start(1.0);
    report(id, 1.0, losses, joules);
    end(id);
    return id;
  }
  /// A trial that has these values of one loss at steps 1, 2, and so on, and still runs.
  TrialId run_with(const std::vector<double>& curve, double joules = 1.0) {
    const TrialId id = start(history.problem().resource.max);
    double step = 0.0;
    for (const double loss : curve) report(id, ++step, {loss}, joules);
    return id;
  }
  /// The same, to the end.
  TrialId complete_with(const std::vector<double>& curve, double joules = 1.0) {
    const TrialId id = run_with(curve, joules);
    end(id, trial::Outcome::Completed);
    return id;
  }
  void carry_out(const schedulers::Promote& promote) {
    history.apply(trial::Assigned{assignment_to(promote.trial, 0.0, promote.to, promote.rung)});
  }

  trial::History history;
};

}  // namespace wattune
