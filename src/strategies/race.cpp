#include "wattune/strategies/race.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "assignments.hpp"
#include "race_candidates.hpp"
#include "race_cost.hpp"
#include "race_field.hpp"
#include "race_model.hpp"
#include "race_record.hpp"
#include "race_start.hpp"
#include "race_tuned.hpp"
#include "tried.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"
#include "wattune/math/sobol.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A configuration to start.
struct Proposal {
  trial::Origin origin = trial::Origin::Sampler;
  space::Configuration configuration;
};

/// What could run next, and the logarithm of its worth per cost.
template <typename What>
struct Scored {
  What what;
  double score = 0.0;
};

std::vector<double> rungs_of(const trial::Resource& resource, bool can_pause,
                             const RaceTuning& tuning) {
  if (!can_pause) return {resource.max};
  return race_rungs(resource, tuning.first_share, tuning.eta);
}

class Race final : public Strategy {
 public:
  Race(const trial::Problem& problem, RaceOptions options, const RaceTuning& tuning)
      : problem_(problem),
        first_(std::move(options.first)),
        learned_(std::move(options.learned)),
        tuning_(tuning),
        features_(problem_.space),
        sobol_(std::max<std::size_t>(1, problem_.space.size()), problem_.seed),
        record_(rungs_of(problem_.resource, options.can_pause, tuning_)),
        field_(tuning_.most_ahead),
        model_(problem_, features_, tuning_) {
    for (const space::Configuration& each : learned_) {
      if (problem_.space.contains(each)) continue;
      throw ConfigError("a learned configuration is outside the space");
    }
    for (std::size_t i = 0; i < first_.size(); ++i) {
      if (problem_.space.contains(first_[i])) continue;
      throw ConfigError(
          fmt::format("configuration {} of those to try first is outside the space", i + 1));
    }
  }

  Next next(const trial::History& history) override {
    if (auto cut_off = resume_cut_off(history)) return *std::move(cut_off);
    if (auto wish = next_wish(history)) return start(history, *std::move(wish));
    look_at(history);
    const StartStep step = next_of_start(history, record_, tuning_, !learned_.empty());
    if (const auto* continues = std::get_if<StartContinues>(&step)) {
      return resume(history.trials()[continues->trial], continues->to);
    }
    if (std::holds_alternative<StartAnother>(step)) {
      if (auto point = sobol_point(history)) return start(history, *std::move(point));
    }
    model_.update(history, record_.values());
    return model_.is_ready() ? race(history) : without_model(history);
  }

  trial::Verdict decide(const trial::History& history, TrialId id) override {
    const trial::Trial& trial = history.trial(id);
    const bool is_at_rung =
        trial.target() < problem_.resource.max && trial.step() >= trial.target();
    return is_at_rung ? trial::Verdict::Pause : trial::Verdict::Continue;
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    look_at(history);
    std::erase_if(paused, [&](TrialId id) {
      const trial::Trial& trial = history.trial(id);
      return trial.step() >= trial.target() && field_.is_let_go(id.number());
    });
    return paused;
  }

  std::string progress(const trial::History& history) const override {
    std::size_t num_full = 0;
    std::size_t num_paused = 0;
    for (const trial::Trial& trial : history.trials()) {
      num_full += trial.state() == trial::TrialState::Completed ? 1 : 0;
      num_paused += trial.state() == trial::TrialState::Paused ? 1 : 0;
    }
    return fmt::format("race: {} trials, {} full, {} paused, {} running", history.trials().size(),
                       num_full, num_paused, history.num_running());
  }

  std::vector<std::string> notes(const trial::History& history) const override {
    std::vector<std::string> notes;
    if (!problem_.space.default_configuration()) {
      notes.emplace_back(
          "Not every parameter has a default, so no default configuration was tried first.");
    }
    const RaceCost cost{history, features_};
    if (!history.trials().empty() && cost.kind() != CostKind::Energy) {
      notes.push_back(fmt::format("No energy is known, so the race has weighed trials by {}.",
                                  to_text(cost.kind())));
    }
    return notes;
  }

  std::string describe() const override {
    std::vector<std::string> rungs;
    for (const double rung : record_.rungs()) rungs.push_back(number_text(rung));
    return fmt::format("race: improvement per joule, trials pause at {}", join_names(rungs));
  }

 private:
  void look_at(const trial::History& history) const {
    record_.update(history);
    field_.update(problem_, record_.values());
  }

  /// A trial that was cut off goes on to where it was going.
  std::optional<Next> resume_cut_off(const trial::History& history) const {
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Search) continue;
      const bool is_new = trial.state() == trial::TrialState::Created;
      const bool is_cut_off = trial.state() == trial::TrialState::Interrupted;
      const double target = is_new ? record_.rungs().front() : trial.target();
      if ((is_new || is_cut_off) && trial.step() < target) return resume(trial, target);
    }
    return std::nullopt;
  }

  /// What is tried before the race chooses for itself.
  std::optional<Proposal> next_wish(const trial::History& history) {
    const bool is_first = std::ranges::none_of(history.trials(), [](const trial::Trial& trial) {
      return trial.purpose() == trial::Purpose::Search;
    });
    if (is_first) {
      if (auto defaults = problem_.space.default_configuration()) {
        return Proposal{trial::Origin::Default, *std::move(defaults)};
      }
    }
    for (const space::Configuration& wish : history.enqueued()) {
      if (!tried_.contains(history, wish)) return Proposal{trial::Origin::Enqueued, wish};
    }
    for (const space::Configuration& wish : first_) {
      if (!tried_.contains(history, wish)) return Proposal{trial::Origin::Enqueued, wish};
    }
    for (std::size_t i = 0; i < std::min(learned_.size(), tuning_.num_learned); ++i) {
      if (tried_.contains(history, learned_[i])) continue;
      return Proposal{trial::Origin::Enqueued, learned_[i]};
    }
    return std::nullopt;
  }

  /// The next point of a Sobol sequence that was not tried.
  std::optional<Proposal> sobol_point(const trial::History& history) {
    constexpr std::uint32_t kMostSkipped = 1000;
    for (std::uint32_t i = 0; i < kMostSkipped; ++i) {
      auto point = sobol_.point(history.next_trial_id().number() + i);
      point.resize(problem_.space.size());
      auto configuration = problem_.space.from_unit(point);
      if (problem_.space.is_forbidden(configuration)) continue;
      if (tried_.contains(history, configuration)) continue;
      return Proposal{trial::Origin::Sampler, std::move(configuration)};
    }
    return std::nullopt;
  }

  /// While next to nothing is known: another Sobol point, or what is paused.
  Next without_model(const trial::History& history) {
    if (auto point = sobol_point(history)) return start(history, *std::move(point));
    for (const trial::Trial& trial : history.trials()) {
      if (!is_paused(trial)) continue;
      return resume(trial, record_.rungs()[*record_.next_rung(trial)]);
    }
    return end(history);
  }

  Next race(const trial::History& history) {
    const RaceCost cost{history, features_};
    std::vector<std::uint32_t> started;
    for (const trial::Trial& trial : history.trials()) {
      const bool has_begun = trial.purpose() == trial::Purpose::Search && trial.step() > 0.0;
      if (has_begun && trial.state() != trial::TrialState::Failed) {
        started.push_back(trial.id().number());
      }
    }
    MatrixXd rows(static_cast<Index>(started.size()), static_cast<Index>(features_.num_columns()));
    for (std::size_t i = 0; i < started.size(); ++i) {
      rows.row(static_cast<Index>(i)) = features_.row(history.trials()[started[i]].configuration());
    }
    const auto paused = best_paused(history, started, rows, cost);
    auto fresh = best_fresh(history, started, rows, cost);
    if (paused && (!fresh || paused->score + tuning_.slack > fresh->score)) {
      const trial::Trial& trial = history.trials()[paused->what];
      return resume(trial, record_.rungs()[*record_.next_rung(trial)]);
    }
    if (!fresh) return end(history);
    return start(history, {trial::Origin::Sampler, std::move(fresh->what)});
  }

  [[nodiscard]] bool is_paused(const trial::Trial& trial) const {
    return trial.purpose() == trial::Purpose::Search && can_go_on(trial) &&
           record_.next_rung(trial).has_value() && !field_.is_let_go(trial.id().number());
  }

  [[nodiscard]] std::optional<Scored<std::uint32_t>> best_paused(
      const trial::History& history, const std::vector<std::uint32_t>& started,
      const MatrixXd& rows, const RaceCost& cost) const {
    std::vector<Index> waiting;
    for (std::size_t i = 0; i < started.size(); ++i) {
      if (is_paused(history.trials()[started[i]])) waiting.push_back(static_cast<Index>(i));
    }
    if (waiting.empty()) return std::nullopt;
    const MatrixXd waiting_rows = rows(waiting, Eigen::all);
    VectorXd scores = model_.log_worth(waiting_rows);
    for (Index i = 0; i < scores.size(); ++i) {
      const auto number = started[static_cast<std::size_t>(waiting[static_cast<std::size_t>(i)])];
      const trial::Trial& trial = history.trials()[number];
      scores[i] -= tuning_.cost_exponent *
                   cost.log_remaining(trial, resume_step(trial), waiting_rows.row(i));
    }
    Index best = 0;
    const double score = scores.maxCoeff(&best);
    return Scored<std::uint32_t>{
        started[static_cast<std::size_t>(waiting[static_cast<std::size_t>(best)])], score};
  }

  [[nodiscard]] std::optional<Scored<space::Configuration>> best_fresh(
      const trial::History& history, const std::vector<std::uint32_t>& started,
      const MatrixXd& rows, const RaceCost& cost) {
    Rng rng{mix_seed(problem_.seed, history.finished_order().size()),
            history.next_trial_id().number()};
    std::vector<space::Configuration> parents;
    for (const std::size_t i : model_.best_rows(rows, tuning_.num_parents, rng)) {
      parents.push_back(history.trials()[started[i]].configuration());
    }
    auto candidates = race_candidates(history, parents, tuning_, tried_, rng);
    for (const space::Configuration& each : learned_) {
      if (!tried_.contains(history, each)) candidates.push_back(each);
    }
    if (candidates.empty()) return std::nullopt;
    const MatrixXd candidate_rows = features_.rows(candidates);
    const VectorXd scores =
        model_.log_worth(candidate_rows) - tuning_.cost_exponent * cost.log_full(candidate_rows);
    Index best = 0;
    const double score = scores.maxCoeff(&best);
    return Scored<space::Configuration>{std::move(candidates[static_cast<std::size_t>(best)]),
                                        score};
  }

  static Next end(const trial::History& history) {
    if (history.num_running() > 0) return Wait{};
    return Finished{"every configuration was tried"};
  }

  Next start(const trial::History& history, Proposal proposal) const {
    trial::Assignment assignment;
    assignment.trial = history.next_trial_id();
    assignment.to = record_.rungs().front();
    return NewTrial{trial::Purpose::Search, proposal.origin, std::move(proposal.configuration),
                    assignment};
  }

  Next resume(const trial::Trial& trial, double to) const {
    trial::Assignment assignment;
    assignment.trial = trial.id();
    assignment.from = resume_step(trial);
    assignment.to = to;
    const auto rung = std::ranges::lower_bound(record_.rungs(), to) - record_.rungs().begin();
    assignment.rung = static_cast<std::uint16_t>(rung);
    assignment.bracket = trial.bracket();
    const bool is_last_cut = rung > 0 && to >= problem_.resource.max;
    assignment.stage = is_last_cut ? trial::Stage::Final : trial::Stage::Exploration;
    return Resume{assignment};
  }

  trial::Problem problem_;
  std::vector<space::Configuration> first_;
  std::vector<space::Configuration> learned_;
  RaceTuning tuning_;
  samplers::Features features_;
  math::SobolSequence sobol_;
  mutable RaceRecord record_;  // caches
  mutable RaceField field_;
  RaceModel model_;
  Tried tried_;
};

}  // namespace

std::unique_ptr<Strategy> make_tuned_race(const trial::Problem& problem, RaceOptions options,
                                          const RaceTuning& tuning) {
  return std::make_unique<Race>(problem, std::move(options), tuning);
}

std::unique_ptr<Strategy> make_race(const trial::Problem& problem, RaceOptions options) {
  return make_tuned_race(problem, std::move(options), {});
}

}  // namespace wattune::strategies
