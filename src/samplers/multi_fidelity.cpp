#include "wattune/samplers/multi_fidelity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "acquisition_search.hpp"
#include "curve_models.hpp"
#include "evidence.hpp"
#include "features.hpp"
#include "gp_front.hpp"
#include "gp_models.hpp"
#include "tried.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

void refuse(const std::string& what) {
  throw ConfigError("sampler multi-fidelity: " + what);
}

bool is_for_one(GpAcquisition acquisition) {
  return acquisition == GpAcquisition::LogEi || acquisition == GpAcquisition::Ei ||
         acquisition == GpAcquisition::Pi || acquisition == GpAcquisition::Ucb;
}

bool is_logarithm(GpAcquisition acquisition) {
  return acquisition != GpAcquisition::Ei && acquisition != GpAcquisition::QNehvi;
}

void check_acquisition(GpAcquisition acquisition, std::size_t num_objectives) {
  if (acquisition == GpAcquisition::QNparego) refuse("acquisition qNParEGO is not offered");
  if (is_for_one(acquisition) && num_objectives != 1) {
    refuse(fmt::format("the acquisition is for one objective; the study has {}", num_objectives));
  }
  if (acquisition == GpAcquisition::LogEhvi && num_objectives != 2) {
    refuse(fmt::format("acquisition log-EHVI is for two objectives; the study has {}",
                       num_objectives));
  }
}

void check(const MultiFidelityOptions& options, std::size_t num_objectives) {
  check_acquisition(options.acquisition, num_objectives);
  const auto at_least = [](std::size_t least, std::size_t value, std::string_view name) {
    if (value < least) refuse(fmt::format("{} is {}; at least {} is needed", name, value, least));
  };
  at_least(2, options.num_startup, "num_startup");
  at_least(2, options.max_values, "max_values");
  at_least(1, options.num_samples, "num_samples");
  at_least(1, options.num_raw, "num_raw");
  at_least(1, options.num_polished, "num_polished");
  if (!(options.optimism >= 0.0)) {
    refuse(fmt::format("optimism is {}; it must not be negative", options.optimism));
  }
  if (options.reference_point && options.reference_point->size() != num_objectives) {
    refuse(fmt::format("reference_point has {} numbers; there are {} objectives",
                       options.reference_point->size(), num_objectives));
  }
}

/// A front of losses that are no longer certain is compared sample by sample from here on.
constexpr double kNoisy = 0.02;

class MultiFidelity final : public Sampler {
 public:
  MultiFidelity(const trial::Problem& problem, const MultiFidelityOptions& options)
      : space_(problem.space),
        options_((check(options, problem.objectives.size()), options)),
        features_(space_),
        search_(space_, features_, {options.num_raw, options.num_polished, options.max_enumerated}),
        startup_(make_sobol(space_, {.seed = options.seed})),
        least_at_step_(std::max<std::size_t>(space_.size() + 1, 8)) {
    rung_options_.kernel = options.kernel;
    rung_options_.max_observations = options.max_values;
    curve_options_ = {
        family_of(options.kernel), family_of(options.resource_kernel), options.max_values, {}};
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    tried_.update(history);
    if (features_.num_columns() == 0 || is_starting(history)) return start(history, rng);
    return options_.model == FidelityModel::Joint ? suggest_by_curves(history, rng)
                                                  : suggest_by_rung(history, rng);
  }

  std::string describe() const override {
    return fmt::format("Gaussian processes of {}, {} trials to start",
                       options_.model == FidelityModel::Joint
                           ? "configuration and resource"
                           : "configurations at the largest common resource",
                       options_.num_startup);
  }

 private:
  /// Sequentially, the first num_startup trials; with pending ones, until half of that many have
  /// said something or failed.
  [[nodiscard]] bool is_starting(const trial::History& history) const {
    std::size_t num_trials = 0;
    std::size_t num_heard = 0;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Search) continue;
      ++num_trials;
      const bool is_settled = trial.state() == trial::TrialState::Failed;
      num_heard += is_settled || !trial.reports().empty() ? 1 : 0;
    }
    return num_trials < options_.num_startup || num_heard < (options_.num_startup + 1) / 2;
  }

  std::optional<space::Configuration> start(const trial::History& history, Rng& rng) const {
    auto point = startup_->suggest(history, rng);
    const bool is_new = point && !(search_.is_countable() && tried_.contains(*point));
    return is_new ? std::move(point) : search_.draw_untried(tried_, rng);
  }

  std::optional<space::Configuration> suggest_by_curves(const trial::History& history, Rng& rng) {
    CurveModels models{history, features_, curve_options_};
    if (models.is_empty()) return start(history, rng);
    if (models.feasible().empty()) models.add_pending_to_bounds();
    return suggest_by(models, models.noise_share(), history, rng);
  }

  std::optional<space::Configuration> suggest_by_rung(const trial::History& history, Rng& rng) {
    const Evidence evidence = evidence_of(history, least_at_step_);
    if (evidence.observed.size() < 2) return start(history, rng);
    GpModels models{history, evidence, features_, rung_options_};
    if (models.feasible().empty()) models.add_pending_to_bounds();
    return suggest_by(models, models.noise_share(), history, rng);
  }

  static void believe_in_ends(CurveModels& models) { models.add_unfinished_to_losses(); }
  static void believe_in_ends(GpModels& models) { models.add_pending_to_losses(); }

  template <typename SomeModels>
  std::optional<space::Configuration> suggest_by(SomeModels& models, double noise_share,
                                                 const trial::History& history, Rng& rng) {
    const GpAcquisition kind = choose(models.num_losses(), noise_share);
    std::unique_ptr<Acquisition> core;
    if (!models.feasible().empty()) core = make_core(kind, models, history, rng);
    const auto acquisition =
        make_modified(std::move(core), is_logarithm(kind), {.bounds = models.bounds()});
    constexpr std::size_t kMostCentres = 6;
    std::vector<space::Configuration> centres;
    for (const std::size_t row : good_rows(models, *acquisition, kMostCentres)) {
      centres.push_back(history.trials()[models.trials()[row]].configuration());
    }
    return search_.find_best(*acquisition, centres, tried_, rng);
  }

  [[nodiscard]] GpAcquisition choose(std::size_t num_losses, double noise_share) const {
    if (options_.acquisition != GpAcquisition::Auto) return options_.acquisition;
    if (num_losses == 1) return GpAcquisition::LogEi;
    return num_losses == 2 && noise_share < kNoisy ? GpAcquisition::LogEhvi
                                                   : GpAcquisition::QLogNehvi;
  }

  template <typename SomeModels>
  std::unique_ptr<Acquisition> make_core(GpAcquisition kind, SomeModels& models,
                                         const trial::History& history, Rng& rng) const {
    const std::uint64_t seed = rng.bits();
    if (is_for_one(kind)) {
      const double best = best_mean(models);
      believe_in_ends(models);
      return make_improvement(kind, *models.loss_processes().front(), best, options_.optimism);
    }
    const Front front = front_of(models);
    const std::vector<double> reference =
        reference_of(models, front, options_.reference_point, history.problem());
    const auto processes = models.loss_processes();
    if (kind == GpAcquisition::LogEhvi) {
      auto points = front.losses;
      std::ranges::move(models.means_at(models.pending_rows()), std::back_inserter(points));
      believe_in_ends(models);
      return make_pair_improvement(processes, points, reference);
    }
    const Eigen::MatrixXd baseline = baseline_of(models, seed);
    return make_noisy_hypervolume_improvement(
        kind, {processes, baseline, options_.num_samples, seed}, reference);
  }

  space::Space space_;
  MultiFidelityOptions options_;
  Features features_;
  AcquisitionSearch search_;
  std::unique_ptr<Sampler> startup_;
  std::size_t least_at_step_;
  GpOptions rung_options_;
  CurveModelOptions curve_options_;
  Tried tried_;
};

}  // namespace

std::unique_ptr<Sampler> make_multi_fidelity(const trial::Problem& problem,
                                             const MultiFidelityOptions& options) {
  return std::make_unique<MultiFidelity>(problem, options);
}

}  // namespace wattune::samplers
