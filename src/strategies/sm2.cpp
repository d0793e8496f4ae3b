#include "wattune/strategies/sm2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assignments.hpp"
#include "sm2_candidates.hpp"
#include "sm2_notes.hpp"
#include "sm2_probe.hpp"
#include "sm2_roles.hpp"
#include "sm2_rungs.hpp"
#include "tried.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::strategies {
namespace {

/// The candidates and their rungs: settled as soon as the probe is done.
struct Plan {
  CandidatePlan candidates;
  Ladder ladder;
};

struct Candidates {
  std::vector<TrialId> trials;
  bool has_promoted = false;  // then nothing fresh may join
};

Candidates candidates_of(const trial::History& history) {
  Candidates candidates;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    candidates.trials.push_back(trial.id());
    candidates.has_promoted |= trial.rung() > 0;
  }
  return candidates;
}

class Sm2 final : public Strategy {
 public:
  Sm2(const trial::Problem& problem, std::unique_ptr<samplers::Sampler> sampler,
      const Sm2Options& options)
      : sampler_(std::move(sampler)), options_(options) {
    const auto index = problem.space.index_of(space::Role::BatchSize);
    const auto base = base_configuration(problem);
    if (!index || !base) return;
    const space::Parameter& parameter = problem.space.parameters()[*index];
    for (const std::int64_t size : batch_sizes_of(parameter)) {
      const Changes changes{{parameter.name, space::Choice{size}}};
      const auto configuration = with_changes(problem.space, *base, changes);
      if (configuration && configuration->is_active(*index)) batch_sizes_.push_back(size);
    }
  }

  Next next(const trial::History& history) override {
    if (!batch_sizes_.empty()) {
      if (auto step = next_of_probe(history)) return *std::move(step);
    }
    const Plan& plan = plan_of(history);
    const Candidates candidates = candidates_of(history);
    const bool is_open =
        candidates.trials.size() < plan.candidates.slots.size() && !candidates.has_promoted;
    if (is_open) {
      if (auto step = next_of_candidates(history, plan, candidates)) return *std::move(step);
    }
    return next_of_rungs(history, plan, candidates);
  }

  trial::Verdict decide(const trial::History& history, TrialId id) override {
    const trial::Trial& trial = history.trial(id);
    if (trial.purpose() == trial::Purpose::Probe) {
      const bool is_over = is_enough(measure_probe(history, trial, options_), options_);
      return is_over ? trial::Verdict::Stop : trial::Verdict::Continue;
    }
    const auto losses = training_losses(history, trial, trial.step(), options_.training_loss);
    if (has_diverged(losses, options_.divergence_factor)) return trial::Verdict::Stop;
    const bool is_at_rung =
        trial.target() < history.problem().resource.max && trial.step() >= trial.target();
    return is_at_rung ? trial::Verdict::Pause : trial::Verdict::Continue;
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    const ProbeState probe = follow_probe(history, batch_sizes_, options_);
    if (!batch_sizes_.empty() && !probe.is_done()) return paused;
    const Plan plan = make_plan(history, probe);
    const Candidates candidates = candidates_of(history);
    const bool is_open =
        candidates.trials.size() < plan.candidates.slots.size() && !candidates.has_promoted;
    if (is_open) return paused;
    const RungJudge judge(history, plan.ladder, options_);
    return schedulers::wanted_by(
        schedulers::follow_bracket(history, candidates.trials, judge.rules()), std::move(paused));
  }

  std::string progress(const trial::History& history) const override {
    const ProbeState probe = follow_probe(history, batch_sizes_, options_);
    if (!batch_sizes_.empty() && !probe.is_done()) {
      return fmt::format("probe: batch size {} of {}", probe.sizes.size() + 1, batch_sizes_.size());
    }
    const Plan plan = make_plan(history, probe);
    const Candidates candidates = candidates_of(history);
    if (candidates.trials.size() < plan.candidates.slots.size() && !candidates.has_promoted) {
      return fmt::format("rung 0: {} of {} candidates started", candidates.trials.size(),
                         plan.candidates.slots.size());
    }
    const RungJudge judge(history, plan.ladder, options_);
    const auto state = schedulers::follow_bracket(history, candidates.trials, judge.rules());
    if (state.is_ended) return "finished";
    if (state.rung > 0 && state.members.size() == 1) return "final training";
    return fmt::format("rung {}: {} survivors", state.rung, state.members.size());
  }

  std::vector<std::string> notes(const trial::History& history) const override {
    std::vector<std::string> notes;
    ProbeState probe;
    if (batch_sizes_.empty()) {
      notes.emplace_back("No parameter has the role batch_size, so there was no probe.");
    } else {
      probe = follow_probe(history, batch_sizes_, options_);
      note_probe(notes, history, probe, batch_sizes_, options_);
      if (!probe.is_done()) return notes;
    }
    const Plan plan = make_plan(history, probe);
    note_candidates(notes, history, plan.candidates, plan.ladder, options_);
    note_rungs(notes, history, candidates_of(history).trials, plan.ladder, options_);
    return notes;
  }

  std::string describe() const override {
    return fmt::format(
        "SM2-style: up to {} candidates, window {:.3g} %, score {:.3g}/{:.3g}/{:.3g} "
        "(performance/energy/stability), {}",
        options_.max_candidates, 100.0 * options_.window_tolerance, options_.weights.performance,
        options_.weights.energy, options_.weights.stability, sampler_->describe());
  }

 private:
  /// The probe's next step; nothing once it is done.
  std::optional<Next> next_of_probe(const trial::History& history) {
    if (plan_) return std::nullopt;
    const ProbeState probe = follow_probe(history, batch_sizes_, options_);
    if (probe.is_done()) {
      if (!efficiency_window(probe.sizes, options_.window_tolerance).empty()) return std::nullopt;
      return Finished{fmt::format("the probe failed at the smallest batch size, {}: see trial {}",
                                  probe.sizes.front().batch_size,
                                  probe.sizes.front().trial.number())};
    }
    if (history.num_running() > 0) return Wait{};
    if (!history.idle()) return MeasureIdle{options_.idle_duration};
    const trial::Problem& problem = history.problem();
    const std::size_t index = *problem.space.index_of(space::Role::BatchSize);
    const Changes changes{{problem.space.parameters()[index].name, space::Choice{*probe.next}}};
    const auto configuration = with_changes(problem.space, *base_configuration(problem), changes);
    WATTUNE_REQUIRE(configuration.has_value());
    return probe_trial(history, *configuration, *probe.next, options_);
  }

  /// Another candidate for the first rung; nothing where the space has no other.
  std::optional<Next> next_of_candidates(const trial::History& history, const Plan& plan,
                                         const Candidates& candidates) {
    for (const TrialId id : candidates.trials) {
      const trial::Trial& trial = history.trial(id);
      const double target = target_of(history, plan, trial.configuration());
      if (trial.is_running() || schedulers::is_settled(trial, target)) continue;
      return Resume{assignment_of(history, id, target, 0)};
    }
    auto candidate =
        make_candidate(history, plan.candidates, candidates.trials.size(), *sampler_, tried_);
    if (!candidate) return std::nullopt;
    const double target = target_of(history, plan, candidate->configuration);
    const auto assignment = assignment_of(history, history.next_trial_id(), target, 0);
    return NewTrial{trial::Purpose::Search, candidate->origin, std::move(candidate->configuration),
                    assignment};
  }

  Next next_of_rungs(const trial::History& history, const Plan& plan,
                     const Candidates& candidates) const {
    const RungJudge judge(history, plan.ladder, options_);
    const auto state = schedulers::follow_bracket(history, candidates.trials, judge.rules());
    if (!state.to_start.empty()) {
      const schedulers::Contestant& first = state.to_start.front();
      auto assignment = assignment_of(history, first.trial, first.target, state.rung);
      const bool is_alone = state.members.size() == 1;
      if (is_alone) assignment.stage = trial::Stage::Final;
      return Resume{assignment};
    }
    if (!state.is_ended) return Wait{};
    if (history.num_running() > 0) return Wait{};
    if (!state.winner) return Finished{"every candidate has failed"};
    return Finished{fmt::format("every candidate was decided; trial {} was taken to the end",
                                state.winner->number())};
  }

  static double target_of(const trial::History& history, const Plan& plan,
                          const space::Configuration& configuration) {
    return ladder_target(plan.ladder, batch_size_in(history.problem().space, configuration), 0);
  }

  [[nodiscard]] trial::Assignment assignment_of(const trial::History& history, TrialId id,
                                                double target, std::size_t rung) const {
    trial::Assignment assignment;
    assignment.trial = id;
    if (id < history.next_trial_id()) assignment.from = resume_step(history.trial(id));
    assignment.to = target;
    assignment.rung = static_cast<std::uint16_t>(rung);
    const double stretch = target - assignment.from;
    assignment.report_every =
        std::max(1.0, std::ceil(stretch / static_cast<double>(options_.reports_per_rung)));
    return assignment;
  }

  [[nodiscard]] Plan make_plan(const trial::History& history, const ProbeState& probe) const {
    const auto window = efficiency_window(probe.sizes, options_.window_tolerance);
    Plan plan;
    plan.candidates = plan_candidates(history.problem(), window, options_);
    plan.ladder =
        make_ladder(history.problem(), probe.sizes, window, plan.candidates.slots.size(), options_);
    return plan;
  }

  const Plan& plan_of(const trial::History& history) {
    if (!plan_) plan_ = make_plan(history, follow_probe(history, batch_sizes_, options_));
    return *plan_;
  }

  std::unique_ptr<samplers::Sampler> sampler_;
  Sm2Options options_;
  std::vector<std::int64_t> batch_sizes_;  // to probe, ascending; empty where there is no role
  std::optional<Plan> plan_;               // a cache: the probe's trials do not change any more
  Tried tried_;
};

void refuse_unless(bool is_allowed, const char* field, double value, const char* allowed) {
  if (is_allowed) return;
  throw ConfigError(
      fmt::format("{}: {} is not allowed; it is {}", field, number_text(value), allowed));
}

void check(const Sm2Options& options) {
  const Sm2Weights& weights = options.weights;
  for (const double weight : {weights.performance, weights.energy, weights.stability}) {
    refuse_unless(weight >= 0.0 && std::isfinite(weight), "weights", weight, "0 or more");
  }
  const double sum = weights.performance + weights.energy + weights.stability;
  refuse_unless(sum > 0.0, "weights", sum, "positive in sum");
  refuse_unless(options.window_tolerance >= 0.0, "window_tolerance", options.window_tolerance,
                "0 or more");
  refuse_unless(options.num_learning_rates >= 1, "num_learning_rates", 0.0, "1 or more");
  refuse_unless(options.max_candidates >= 1, "max_candidates", 0.0, "1 or more");
  refuse_unless(options.reports_per_rung >= 1, "reports_per_rung", 0.0, "1 or more");
  refuse_unless(options.noise_floor >= 0.0, "noise_floor", options.noise_floor, "0 or more");
  refuse_unless(options.divergence_factor > 1.0, "divergence_factor", options.divergence_factor,
                "above 1");
  refuse_unless(options.first_rung_fraction >= 0.0, "first_rung_fraction",
                options.first_rung_fraction, "0 or more");
  refuse_unless(options.min_rung_duration.value() >= 0.0, "min_rung_seconds",
                options.min_rung_duration.value(), "0 or more");
  refuse_unless(options.min_probe_duration.value() >= 0.0, "probe_seconds",
                options.min_probe_duration.value(), "0 or more");
  refuse_unless(options.idle_duration.value() > 0.0, "idle_seconds", options.idle_duration.value(),
                "above 0");
}

}  // namespace

std::unique_ptr<Strategy> make_sm2(const trial::Problem& problem,
                                   std::unique_ptr<samplers::Sampler> sampler,
                                   const Sm2Options& options) {
  WATTUNE_REQUIRE(sampler != nullptr);
  check(options);
  if (problem.resource.unit == trial::ResourceUnit::Run) {
    throw ConfigError("strategy sm2 needs a resource in epochs, steps or samples");
  }
  return std::make_unique<Sm2>(problem, std::move(sampler), options);
}

}  // namespace wattune::strategies
