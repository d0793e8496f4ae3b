#include "wattune/strategies/sm2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "assignments.hpp"
#include "sm2_candidates.hpp"
#include "sm2_notes.hpp"
#include "sm2_roles.hpp"
#include "sm2_search.hpp"
#include "tried.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::strategies {
namespace {

/// What a training had reached at a step stays as it was, but for what its phases drew.
bool has_lasting_measures(const trial::Problem& problem) {
  const auto is_of_phase = [](const trial::Measure& measure) {
    return measure.kind != trial::MeasureKind::Metric && !measure.name.empty();
  };
  return std::ranges::none_of(problem.objectives, is_of_phase, &trial::Objective::measure) &&
         std::ranges::none_of(problem.constraints, is_of_phase, &trial::Constraint::measure);
}

std::vector<std::int64_t> sizes_to_probe(const trial::Problem& problem) {
  const auto index = problem.space.index_of(space::Role::BatchSize);
  const auto base = base_configuration(problem);
  if (!index || !base) return {};
  const space::Parameter& parameter = problem.space.parameters()[*index];
  std::vector<std::int64_t> sizes;
  for (const std::int64_t size : batch_sizes_of(parameter)) {
    const Changes changes{{parameter.name, space::Choice{size}}};
    const auto configuration = with_changes(problem.space, *base, changes);
    if (configuration && configuration->is_active(*index)) sizes.push_back(size);
  }
  return sizes;
}

/// The four stages: stage 0 is `measure_idle_first` and the memory limit of the probe, stage 1
/// `next_size_probe`, stage 2 `next_rate_test` and `next_candidate`, stage 3 the rest.
class Sm2 final : public Strategy {
 public:
  Sm2(const trial::Problem& problem, std::unique_ptr<samplers::Sampler> sampler,
      const Sm2Options& options)
      : sampler_(std::move(sampler)),
        options_(options),
        batch_sizes_(sizes_to_probe(problem)),
        is_lasting_(has_lasting_measures(problem)) {}

  Next next(const trial::History& history) override {
    return measure_idle_first(history, next_step(history, up_to_date(history)));
  }

  trial::Verdict decide(const trial::History& history, TrialId id) override {
    const trial::Trial& trial = history.trial(id);
    if (trial.purpose() == trial::Purpose::Probe) {
      const bool is_over = trial.bracket() == kRateProbe
                               ? is_rate_decided(history, trial, options_)
                               : is_enough(measure_probe(history, trial, options_), options_);
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
    const Sm2Search& search = up_to_date(history);
    if (!search.has_halvings()) return paused;
    const Halving& halving = search.halving();
    // A halving that only chooses a batch size hands its candidates on to the next one.
    if (halving.is_open() || halving.is_choice()) return paused;
    if (halving.is_ended()) return {};
    std::erase_if(paused, [&](TrialId id) {
      return std::ranges::find(halving.members(), id, &schedulers::Contestant::trial) ==
             halving.members().end();
    });
    return paused;
  }

  std::string progress(const trial::History& history) const override {
    const Sm2Search& search = up_to_date(history);
    if (!search.probe().is_done()) {
      return fmt::format("probe: batch size {} of {}", search.probe().sizes.size() + 1,
                         batch_sizes_.size());
    }
    if (search.has_failed()) return "finished";
    if (!search.has_halvings()) {
      return fmt::format("range test of {} learning rates", search.rates().num_rates);
    }
    const Halving& halving = search.halving();
    if (halving.is_ended()) return "finished";
    if (halving.rung() == 0 && halving.is_open()) {
      return fmt::format("rung 0: {} of {} candidates started", halving.num_filled(),
                         halving.plan().slots.size());
    }
    if (halving.rung() > 0 && halving.members().size() == 1) return "final training";
    return fmt::format("rung {}: {} survivors", halving.rung(), halving.members().size());
  }

  std::vector<std::string> notes(const trial::History& history) const override {
    const Sm2Search& search = up_to_date(history);
    std::vector<std::string> notes;
    if (batch_sizes_.empty()) {
      notes.emplace_back("No parameter has the role batch_size, so there was no probe.");
    } else {
      note_probe(notes, history, search.probe(), batch_sizes_, options_);
    }
    if (!search.has_halvings()) return notes;
    note_rates(notes, history, search.rates(), options_);
    for (const Halving& halving : search.halvings()) {
      note_candidates(notes, history, halving);
      note_rungs(notes, history, halving, options_);
    }
    note_what_is_missing(notes, history, options_);
    return notes;
  }

  std::string describe() const override {
    return fmt::format(
        "SM2-style: up to {} candidates, window {:.3g} %, score {:.3g}/{:.3g}/{:.3g} "
        "(performance/energy/stability){}, {}",
        options_.max_candidates, 100.0 * options_.window_tolerance, options_.weights.performance,
        options_.weights.energy, options_.weights.stability, modes_text(options_),
        sampler_->describe());
  }

 private:
  /// Stage 0: every session begins with the power without work, if it has any work at all.
  [[nodiscard]] Next measure_idle_first(const trial::History& history, Next step) const {
    const bool is_work =
        std::holds_alternative<NewTrial>(step) || std::holds_alternative<Resume>(step);
    const bool is_due = options_.idle_duration.value() > 0.0 && !history.idle();
    if (is_work && is_due && history.num_running() == 0) return MeasureIdle{options_.idle_duration};
    return step;
  }

  Next next_step(const trial::History& history, Sm2Search& search) {
    if (!search.probe().is_done()) return next_size_probe(history, search.probe());
    if (search.has_failed()) {
      const ProbedSize& first = search.probe().sizes.front();
      return Finished{fmt::format("the probe failed at the smallest batch size, {}: see trial {}",
                                  first.batch_size, first.trial.number())};
    }
    if (!search.has_halvings()) return next_rate_test(history, search);
    for (;;) {
      if (const auto contestant = search.halving().next_to_start(history)) {
        return resume(history, search.halving(), *contestant);
      }
      if (!search.halving().is_open()) return wait_or_finish(history, search.halving());
      if (auto fresh = next_candidate(history, search)) return *std::move(fresh);
      // There is no other candidate now. What a running one reports may help the sampler to more.
      if (history.num_running() > 0) return Wait{};
      search.close(history);
    }
  }

  /// Stage 1: what a sample costs at the next batch size.
  [[nodiscard]] Next next_size_probe(const trial::History& history, const ProbeState& probe) const {
    if (history.num_running() > 0) return Wait{};
    const trial::Problem& problem = history.problem();
    const std::size_t index = *problem.space.index_of(space::Role::BatchSize);
    const Changes changes{{problem.space.parameters()[index].name, space::Choice{*probe.next}}};
    const auto configuration = with_changes(problem.space, *base_configuration(problem), changes);
    WATTUNE_REQUIRE(configuration.has_value());
    return probe_trial(history, *configuration, kSizeProbe, options_.num_warmup_steps);
  }

  /// Stage 2: does this learning rate diverge?
  [[nodiscard]] Next next_rate_test(const trial::History& history, const Sm2Search& search) const {
    if (history.num_running() > 0) return Wait{};
    return range_test_trial(history, *search.rates().next, search.rate_test_size(), options_);
  }

  /// Stage 2: another candidate for the first rung; nothing where the space has no other.
  std::optional<Next> next_candidate(const trial::History& history, const Sm2Search& search) {
    const Halving& halving = search.halving();
    auto candidate =
        make_candidate(history, halving.plan(), halving.num_filled(), options_, *sampler_, tried_);
    if (!candidate) return std::nullopt;
    const auto batch_size = batch_size_in(history.problem().space, candidate->configuration);
    const double target = first_target(halving.ladder(), batch_size);
    auto assignment = assignment_of(0.0, target, 0);
    assignment.trial = history.next_trial_id();
    assignment.bracket = search.bracket();
    if (halving.ladder().num_candidates == 1) assignment.stage = trial::Stage::Final;
    return NewTrial{trial::Purpose::Search, candidate->origin, std::move(candidate->configuration),
                    assignment};
  }

  /// Stage 3: a survivor, or one that was cut off, goes on from its checkpoint.
  [[nodiscard]] Resume resume(const trial::History& history, const Halving& halving,
                              const schedulers::Contestant& contestant) const {
    const trial::Trial& trial = history.trial(contestant.trial);
    auto assignment = assignment_of(resume_step(trial), contestant.target,
                                    halving.assigned_rung(contestant.trial));
    assignment.trial = contestant.trial;
    assignment.bracket = trial.bracket();
    const bool is_alone = halving.rung() > 0 && halving.members().size() == 1;
    if (is_alone || halving.ladder().num_candidates == 1) {
      assignment.stage = trial::Stage::Final;
    }
    return Resume{assignment};
  }

  static Next wait_or_finish(const trial::History& history, const Halving& halving) {
    if (!halving.is_ended() || history.num_running() > 0) return Wait{};
    if (!halving.winner()) return Finished{"every candidate has failed"};
    return Finished{fmt::format("every candidate was decided; trial {} was taken to the end",
                                halving.winner()->number())};
  }

  [[nodiscard]] trial::Assignment assignment_of(double from, double target,
                                                std::size_t rung) const {
    trial::Assignment assignment;
    assignment.from = from;
    assignment.to = target;
    assignment.rung = static_cast<std::uint16_t>(rung);
    std::size_t num_reports = options_.reports_per_rung;
    if (options_.energy_mode == EnergyMode::Projected) {
      num_reports = std::max<std::size_t>(num_reports, 3);  // a curve has three numbers
    }
    assignment.report_every =
        std::max(1.0, std::ceil((target - from) / static_cast<double>(num_reports)));
    return assignment;
  }

  Sm2Search& up_to_date(const trial::History& history) const {
    if (!search_ || !is_lasting_) search_.emplace(batch_sizes_, options_);
    search_->follow(history);
    return *search_;
  }

  std::unique_ptr<samplers::Sampler> sampler_;
  Sm2Options options_;
  std::vector<std::int64_t> batch_sizes_;    // to probe, ascending; empty where there is no role
  mutable std::optional<Sm2Search> search_;  // a cache
  bool is_lasting_;                          // whether it may be kept between calls
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
  refuse_unless(options.idle_duration.value() >= 0.0, "idle_seconds", options.idle_duration.value(),
                "0 or more");
  refuse_unless(options.memory_limit > 0.0 && options.memory_limit <= 1.0, "memory_limit",
                options.memory_limit, "above 0 and at most 1");
  refuse_unless(options.eta >= 2, "reduction_factor", static_cast<double>(options.eta),
                "2 or more");
  refuse_unless(options.range_test_steps >= 1.0, "range_test_steps", options.range_test_steps,
                "1 or more");
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
