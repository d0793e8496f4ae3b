#include "wattune/strategies/race.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "assignments.hpp"
#include "race_candidates.hpp"
#include "race_cost.hpp"
#include "race_model.hpp"
#include "race_record.hpp"
#include "race_tuned.hpp"
#include "tried.hpp"
#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"
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

class Race final : public Strategy {
 public:
  Race(const trial::Problem& problem, RaceOptions options, const RaceTuning& tuning)
      : problem_(problem),
        options_(std::move(options)),
        tuning_(tuning),
        features_(problem_.space),
        record_(rungs_of(problem_.resource)),
        model_(problem_, features_, tuning_) {}

  Next next(const trial::History& history) override {
    if (auto cut_off = resume_cut_off(history)) return *std::move(cut_off);
    if (auto wish = next_wish(history)) return start(history, *std::move(wish));
    record_.update(history);
    if (auto step = next_of_start(history)) return *std::move(step);
    model_.update(history, record_.values());
    if (!model_.is_ready()) return start_or_end(history, sobol_point(history));
    return race(history);
  }

  trial::Verdict decide(const trial::History& history, TrialId id) override {
    const trial::Trial& trial = history.trial(id);
    const bool is_at_rung = trial.target() < problem_.resource.max && trial.step() >= trial.target();
    return is_at_rung ? trial::Verdict::Pause : trial::Verdict::Continue;
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

  std::vector<std::string> notes(const trial::History&) const override { return {}; }

  std::string describe() const override { return "race"; }

 private:
  std::vector<double> rungs_of(const trial::Resource& resource) const {
    if (!options_.can_pause) return {resource.max};
    return race_rungs(resource, tuning_.first_share, tuning_.eta);
  }

  /// A trial that was interrupted goes on to where it was going.
  std::optional<Next> resume_cut_off(const trial::History& history) const {
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Search) continue;
      const bool is_cut_off = trial.state() == trial::TrialState::Interrupted;
      if (is_cut_off && trial.step() < trial.target()) return resume(history, trial, trial.target());
    }
    return std::nullopt;
  }

  /// What is tried before the study chooses for itself.
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
    for (const space::Configuration& wish : options_.first) {
      if (!tried_.contains(history, wish)) return Proposal{trial::Origin::Sampler, wish};
    }
    return std::nullopt;
  }

  /// The next point of a Sobol sequence that was not tried.
  std::optional<Proposal> sobol_point(const trial::History& history) {
    constexpr std::uint32_t kMostSkipped = 1000;
    const math::SobolSequence sequence{std::max<std::size_t>(1, problem_.space.size()),
                                       problem_.seed};
    const auto first = static_cast<std::uint32_t>(history.trials().size());
    for (std::uint32_t i = 0; i < kMostSkipped; ++i) {
      auto point = sequence.point(first + i);
      point.resize(problem_.space.size());
      auto configuration = problem_.space.from_unit(point);
      if (problem_.space.is_forbidden(configuration)) continue;
      if (tried_.contains(history, configuration)) continue;
      return Proposal{trial::Origin::Sampler, std::move(configuration)};
    }
    return std::nullopt;
  }

  struct Contestant {
    std::uint32_t trial;
    double loss;
  };

  std::optional<Next> next_of_start(const trial::History& history) {
    std::vector<std::uint32_t> members;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Search) continue;
      members.push_back(trial.id().number());
      if (members.size() == tuning_.num_start) break;
    }
    if (members.size() < tuning_.num_start) {
      if (auto point = sobol_point(history)) return start(history, *std::move(point));
    }
    if (record_.rungs().size() == 1) return std::nullopt;
    // The best of the first rung go to the second, the best of those all the way.
    const auto at = [&](std::size_t rung) {
      std::vector<Contestant> seen;
      for (const CurveValue& value : record_.values()) {
        if (value.step != record_.rungs()[rung]) continue;
        if (std::ranges::count(members, value.trial) == 0) continue;
        seen.push_back({value.trial, value.losses.front()});
      }
      std::ranges::stable_sort(seen, {}, &Contestant::loss);
      return seen;
    };
    const auto running = [&](std::uint32_t number) {
      return history.trials()[number].is_running();
    };
    const bool any_runs = std::ranges::any_of(members, running);
    auto first = at(0);
    first.resize(std::min(first.size(), tuning_.num_second));
    const double second = record_.rungs()[1];
    for (const Contestant& one : first) {
      const trial::Trial& trial = history.trials()[one.trial];
      if (trial.state() != trial::TrialState::Paused || trial.step() >= second) continue;
      if (any_runs) return Wait{};
      return resume(history, trial, second);
    }
    auto best = at(tuning_.num_second > 0 ? 1 : 0);
    if (best.empty() || tuning_.num_start == 0) return std::nullopt;
    const trial::Trial& trial = history.trials()[best.front().trial];
    const bool has_finished = std::ranges::any_of(members, [&](std::uint32_t number) {
      return history.trials()[number].target() >= problem_.resource.max;
    });
    if (has_finished || trial.state() != trial::TrialState::Paused) return std::nullopt;
    return resume(history, trial, problem_.resource.max);
  }

  Next race(const trial::History& history) {
    const RaceCost cost{history, features_, record_.rungs().front()};
    std::vector<std::uint32_t> started;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() == trial::Purpose::Search && trial.step() > 0.0) {
        started.push_back(trial.id().number());
      }
    }
    MatrixXd rows(static_cast<Index>(started.size()), static_cast<Index>(features_.num_columns()));
    for (std::size_t i = 0; i < started.size(); ++i) {
      rows.row(static_cast<Index>(i)) =
          features_.row(history.trials()[started[i]].configuration());
    }
    const VectorXd forecasts = model_.forecasts(rows);
    const VectorXd worth = model_.log_worth(rows);
    std::optional<std::size_t> best_paused;
    double best_old = 0.0;
    for (std::size_t i = 0; i < started.size(); ++i) {
      const trial::Trial& trial = history.trials()[started[i]];
      if (trial.state() != trial::TrialState::Paused) continue;
      const auto at = static_cast<Index>(i);
      const double score =
          worth[at] - tuning_.cost_exponent *
                          cost.log_remaining(trial, resume_step(trial), rows.row(at));
      if (!best_paused || score > best_old) {
        best_paused = i;
        best_old = score;
      }
    }
    std::vector<std::size_t> order(started.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {},
                             [&](std::size_t i) { return forecasts[static_cast<Index>(i)]; });
    std::vector<space::Configuration> parents;
    for (std::size_t i = 0; i < std::min(order.size(), tuning_.num_parents); ++i) {
      parents.push_back(history.trials()[started[order[i]]].configuration());
    }
    Rng rng{mix_seed(problem_.seed, history.finished_order().size()),
            history.next_trial_id().number()};
    const auto candidates = race_candidates(history, parents, tuning_, tried_, rng);
    std::optional<std::size_t> best_fresh;
    double best_new = 0.0;
    if (!candidates.empty()) {
      const MatrixXd fresh = features_.rows(candidates);
      const VectorXd scores =
          model_.log_worth(fresh) - tuning_.cost_exponent * cost.log_full(fresh);
      Index at = 0;
      best_new = scores.maxCoeff(&at);
      best_fresh = static_cast<std::size_t>(at);
    }
    if (best_paused && (!best_fresh || best_old + tuning_.slack > best_new)) {
      const trial::Trial& trial = history.trials()[started[*best_paused]];
      return resume(history, trial, record_.rungs()[*record_.next_rung(trial)]);
    }
    if (!best_fresh) return start_or_end(history, std::nullopt);
    return start(history, {trial::Origin::Sampler, candidates[*best_fresh]});
  }

  Next start_or_end(const trial::History& history, std::optional<Proposal> proposal) {
    if (proposal) return start(history, *std::move(proposal));
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

  Next resume(const trial::History& history, const trial::Trial& trial, double to) const {
    trial::Assignment assignment;
    assignment.trial = trial.id();
    assignment.from = resume_step(trial);
    assignment.to = to;
    const auto rung = std::ranges::lower_bound(record_.rungs(), to) - record_.rungs().begin();
    assignment.rung = static_cast<std::uint16_t>(rung);
    assignment.bracket = trial.bracket();
    const bool is_last_cut = rung > 0 && to >= history.problem().resource.max;
    assignment.stage = is_last_cut ? trial::Stage::Final : trial::Stage::Exploration;
    return Resume{assignment};
  }

  trial::Problem problem_;
  RaceOptions options_;
  RaceTuning tuning_;
  samplers::Features features_;
  RaceRecord record_;
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
