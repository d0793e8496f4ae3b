#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/require.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::fake {

/// A problem with one metric per direction ("objective_0", ...) and one constraint "at most 0" per
/// constraint ("constraint_0", ...); a full training is `max_step` epochs.
inline trial::Problem make_problem(space::Space space, std::vector<trial::Direction> directions,
                                   std::size_t num_constraints = 0, double max_step = 1.0,
                                   std::uint64_t seed = 1) {
  trial::Problem problem{"test", seed, std::move(space), {}, {}, {}, {}, "test", "true"};
  for (std::size_t i = 0; i < directions.size(); ++i) {
    problem.objectives.push_back(
        {{trial::MeasureKind::Metric, "objective_" + std::to_string(i)}, directions[i]});
  }
  for (std::size_t i = 0; i < num_constraints; ++i) {
    problem.constraints.push_back(
        {{trial::MeasureKind::Metric, "constraint_" + std::to_string(i)}, std::nullopt, 0.0});
  }
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, max_step};
  return problem;
}

/// Makes histories from configurations and the values they reach, without running anything.
///
/// Values come in the order of the problem's objectives, then its constraints.
class HistoryBuilder {
 public:
  explicit HistoryBuilder(trial::Problem problem) : history_(std::move(problem)) {}

  [[nodiscard]] const trial::History& history() const { return history_; }

  /// A trial that had a full training and ended with these values.
  TrialId add_completed(const space::Configuration& configuration, std::span<const double> values) {
    const TrialId id = add_running(configuration);
    report(id, history_.problem().resource.max, values);
    end(id, trial::Outcome::Completed);
    return id;
  }
  TrialId add_completed(const space::Configuration& configuration, double value) {
    return add_completed(configuration, std::span{&value, 1});
  }

  /// A trial that failed before its first report.
  TrialId add_failed(const space::Configuration& configuration,
                     trial::Outcome outcome = trial::Outcome::FailedExit) {
    const TrialId id = add_running(configuration);
    end(id, outcome);
    return id;
  }

  /// A trial that runs and has reported nothing yet.
  TrialId add_running(const space::Configuration& configuration,
                      trial::Origin origin = trial::Origin::Sampler) {
    const TrialId id = history_.next_trial_id();
    history_.apply(trial::TrialCreated{id, trial::Purpose::Search, origin, configuration});
    assign(id);
    return id;
  }

  /// Lets a trial that does not run go on, up to a full training.
  void assign(TrialId id) {
    const double from = history_.trial(id).step();
    history_.apply(trial::Assigned{{.trial = id,
                                    .from = from,
                                    .to = history_.problem().resource.max,
                                    .rung = 0,
                                    .bracket = 0,
                                    .stage = trial::Stage::Exploration,
                                    .report_every = std::nullopt}});
  }

  void report(TrialId id, double step, std::span<const double> values) {
    const trial::Problem& problem = history_.problem();
    WATTUNE_REQUIRE(values.size() == problem.objectives.size() + problem.constraints.size());
    std::vector<trial::MetricValue> metrics;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool is_objective = i < problem.objectives.size();
      const trial::Measure& measure =
          is_objective ? problem.objectives[i].measure
                       : problem.constraints[i - problem.objectives.size()].measure;
      metrics.push_back({measure.name, values[i]});
    }
    history_.apply(trial::Reported{id,
                                   step,
                                   0.0,
                                   Seconds{1.0},
                                   {{}, Microjoules{1'000'000}, {}, Provenance::Measured},
                                   std::move(metrics)});
  }
  void report(TrialId id, double step, double value) { report(id, step, std::span{&value, 1}); }

  void end(TrialId id, trial::Outcome outcome) {
    history_.apply(trial::AssignmentEnded{id, outcome, {}, {}, {}});
  }

 private:
  trial::History history_;
};

}  // namespace wattune::fake
