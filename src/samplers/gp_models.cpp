#include "gp_models.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quality_and_cost.hpp"
#include "wattune/math/pareto.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using math::GaussianProcess;
using trial::MeasureKind;

/// By regret on Branin, Hartmann-6, Levy-8, Rosenbrock-6 and two conditional problems after 20, 50
/// and 100 trials: 1 strays from what is good, 0.5 gets stuck on some tables of real trainings.
constexpr double kDeviationOfOne = 0.7;

bool is_positive_cost(const trial::Measure& measure) {
  switch (measure.kind) {
    case MeasureKind::Energy:
    case MeasureKind::Duration:
    case MeasureKind::Carbon:
    case MeasureKind::Cost:
    case MeasureKind::JoulesPerSample:
      return true;
    case MeasureKind::Metric:
    case MeasureKind::SamplesPerJoule:
      break;
  }
  return false;
}

bool keeps(const trial::Constraint& constraint, const std::optional<double>& value) {
  return value && !(constraint.min && *value < *constraint.min) &&
         !(constraint.max && *value > *constraint.max);
}

Eigen::VectorXd vector_of(std::span<const double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// At most `max`: those of the first fronts, and the latest.
std::vector<Observation> thinned(std::vector<Observation> observed, std::size_t max) {
  if (observed.size() <= max) return observed;
  std::vector<std::vector<double>> losses;
  for (const Observation& observation : observed) losses.push_back(observation.losses);
  const std::vector<std::size_t> ranks = math::non_dominated_ranks(losses);
  std::vector<std::size_t> order(observed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ranks[i]; });
  std::vector<bool> is_kept(observed.size(), false);
  for (std::size_t i = 0; i < max / 2; ++i) is_kept[order[i]] = true;
  std::size_t num_kept = max / 2;
  for (std::size_t i = observed.size(); i-- > 0 && num_kept < max;) {
    if (is_kept[i]) continue;
    is_kept[i] = true;
    ++num_kept;
  }
  std::vector<Observation> kept;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    if (is_kept[i]) kept.push_back(std::move(observed[i]));
  }
  return kept;
}

/// An observation that is believed rather than made.
void add_belief(GaussianProcess& process, bool has_known_noise, const Eigen::RowVectorXd& row,
                double value) {
  constexpr double kTinyVariance = 1e-6;
  process.add(row, value, has_known_noise ? std::optional{kTinyVariance} : std::nullopt);
}

std::optional<Eigen::VectorXd> all_known(const std::vector<std::optional<double>>& variances,
                                         std::span<const double> values,
                                         const OutputTransform& transform) {
  Eigen::VectorXd known(static_cast<Index>(variances.size()));
  for (std::size_t i = 0; i < variances.size(); ++i) {
    if (!variances[i]) return std::nullopt;
    known[static_cast<Index>(i)] = transform.variance(values[i], *variances[i]);
  }
  return known;
}

}  // namespace

math::KernelFamily family_of(GpKernel kernel) {
  return kernel == GpKernel::Rbf ? math::KernelFamily::Rbf : math::KernelFamily::Matern52;
}

GpKernel kernel_of_losses(const GpOptions& options, std::size_t num_losses) {
  return options.kernel.value_or(num_losses == 1 ? GpKernel::Matern52 : GpKernel::Rbf);
}

GpModels::GpModels(const trial::History& history, const Evidence& evidence,
                   const Features& features, const GpOptions& options)
    : features_(features), options_(options) {
  const trial::Problem& problem = history.problem();
  const std::vector<Observation> observed = thinned(evidence.observed, options.max_observations);
  for (const Observation& observation : observed) trials_.push_back(observation.trial);
  rows_ = rows_of(history, trials_);
  pending_rows_ = rows_of(history, evidence.pending);
  const bool has_bounds = options.constraints == ConstraintHandling::Probability;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    bool is_feasible = true;
    for (std::size_t c = 0; has_bounds && c < problem.constraints.size(); ++c) {
      is_feasible = is_feasible && keeps(problem.constraints[c], observed[i].bounded[c]);
    }
    if (is_feasible) feasible_.push_back(i);
  }
  const std::size_t num_losses = options.scalarisation ? 1 : problem.objectives.size();
  believed_ = {kernel_of_losses(options, num_losses),
               options.prior_deviation.value_or(num_losses == 1 ? kDeviationOfOne : 1.0)};
  if (!has_bounds) penalise(problem, observed);
  make_losses(problem, observed);
  if (has_bounds) make_bounds(problem, observed);
  if (!evidence.failed.empty()) make_success(history, evidence);
  if (options.cost_exponent) make_log_cost(history, evidence);
  const std::size_t room =
      options.max_observations - std::min(options.max_observations, observed.size());
  const std::size_t num_cut = std::min(room, evidence.cut_short.size());
  if (num_cut > 0) {
    add_cut_short(rows_of(history, std::span{evidence.cut_short}.last(num_cut)));
  }
}

MatrixXd GpModels::rows_of(const trial::History& history,
                           std::span<const std::uint32_t> trials) const {
  MatrixXd rows(static_cast<Index>(trials.size()), static_cast<Index>(features_.num_columns()));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    rows.row(static_cast<Index>(i)) = features_.row(history.trials()[trials[i]].configuration());
  }
  return rows;
}

OutputModel GpModels::model_of(const MatrixXd& rows, std::span<const double> values,
                               const std::vector<std::optional<double>>& variances,
                               const TransformOptions& transform_options, const Belief& believed,
                               std::span<const double> keep) const {
  OutputTransform transform{values, transform_options, keep};
  std::vector<double> transformed;
  for (const double value : values) transformed.push_back(transform(value));
  const math::KernelShape shape = features_.shape(family_of(believed.kernel));
  math::GpData data{rows, vector_of(transformed), all_known(variances, values, transform)};
  math::GpHyperparameters fitted =
      GaussianProcess::fit(shape, data, {.deviation = believed.deviation});
  const bool has_known_noise = data.noise_variances.has_value();
  return {std::move(transform), GaussianProcess{shape, std::move(data), std::move(fitted)},
          has_known_noise};
}

OutputModel GpModels::loss_model(const trial::Problem& problem,
                                 const std::vector<Observation>& observed, std::size_t k) const {
  std::vector<double> values;
  std::vector<std::optional<double>> variances;
  for (const Observation& observation : observed) {
    values.push_back(observation.losses[k]);
    variances.push_back(observation.variances[k]);
    if (k < options_.noise_deviations.size() && options_.noise_deviations[k]) {
      variances.back() = std::pow(*options_.noise_deviations[k], 2);
    }
  }
  TransformOptions transform{.winsorise = options_.winsorise};
  const trial::Objective& objective = problem.objectives[k];
  if (options_.log_costs && is_positive_cost(objective.measure)) {
    transform.scale =
        objective.direction == trial::Direction::Minimize ? Scale::Log : Scale::NegatedLog;
  } else if (options_.even_out.value_or(problem.objectives.size() == 1 && penalties_.empty() &&
                                        is_evened_out(values))) {
    transform.scale = Scale::Evened;
  }
  if (penalties_.empty()) return model_of(rows_, values, variances, transform, believed_);
  const OutputTransform unpenalised{values, transform};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = unpenalised(values[i]) + penalties_[i];
  }
  return model_of(rows_, values, {std::nullopt}, {.winsorise = options_.winsorise}, believed_);
}

/// Is what was observed, without what the cut pulls in, more likely with a shifted logarithm?
bool GpModels::is_evened_out(const std::vector<double>& losses) const {
  constexpr std::size_t kMost = 100;
  const double cut = tukey_cut(losses);
  std::vector<Index> near;
  std::vector<double> values;
  const std::size_t stride = (losses.size() + kMost - 1) / kMost;
  for (std::size_t i = 0; i < losses.size(); i += stride) {
    if (losses[i] > cut) continue;
    near.push_back(static_cast<Index>(i));
    values.push_back(losses[i]);
  }
  const auto log_likelihood = [&](Scale scale) {
    const OutputModel model = model_of(rows_(near, Eigen::all), values, {std::nullopt},
                                       {.scale = scale, .winsorise = false}, believed_);
    double sum = model.process.log_likelihood();
    for (const double value : values) sum += model.transform.log_slope(value);
    return sum;
  };
  constexpr std::size_t kFewest = 8;
  return values.size() >= kFewest && log_likelihood(Scale::Evened) > log_likelihood(Scale::Linear);
}

void GpModels::make_losses(const trial::Problem& problem,
                           const std::vector<Observation>& observed) {
  if (!options_.scalarisation) {
    for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
      losses_.push_back(loss_model(problem, observed, k));
    }
    return;
  }
  std::vector<std::vector<double>> pairs;
  for (const Observation& observation : observed) pairs.push_back(observation.losses);
  std::vector<double> scalars = scalar_losses(pairs, problem.objectives, *options_.scalarisation);
  if (!penalties_.empty()) {
    const OutputTransform unpenalised{scalars, {.winsorise = options_.winsorise}};
    for (std::size_t i = 0; i < scalars.size(); ++i) {
      scalars[i] = unpenalised(scalars[i]) + penalties_[i];
    }
  }
  losses_.push_back(
      model_of(rows_, scalars, {std::nullopt}, {.winsorise = options_.winsorise}, believed_));
}

/// The squares of all violations, in standard deviations of what is bounded; what is not known
/// counts as one deviation.
void GpModels::penalise(const trial::Problem& problem, const std::vector<Observation>& observed) {
  if (problem.constraints.empty()) return;
  penalties_.assign(observed.size(), 0.0);
  for (std::size_t c = 0; c < problem.constraints.size(); ++c) {
    math::RunningMoments moments;
    for (const Observation& observation : observed) {
      if (observation.bounded[c]) moments.add(std::clamp(*observation.bounded[c], -1e100, 1e100));
    }
    const double variance = moments.count() < 2 ? 0.0 : moments.variance();
    const double deviation = variance > 0.0 ? std::sqrt(variance) : 1.0;
    for (std::size_t i = 0; i < observed.size(); ++i) {
      const auto& value = observed[i].bounded[c];
      const double far = value ? excess(problem.constraints[c], *value) / deviation : 1.0;
      penalties_[i] += options_.penalty_weight * std::pow(std::min(far, 1e3), 2);
    }
  }
}

void GpModels::make_bounds(const trial::Problem& problem,
                           const std::vector<Observation>& observed) {
  for (std::size_t c = 0; c < problem.constraints.size(); ++c) {
    const trial::Constraint& constraint = problem.constraints[c];
    std::vector<std::uint32_t> known;
    std::vector<double> values;
    std::vector<std::optional<double>> variances;
    for (std::size_t i = 0; i < observed.size(); ++i) {
      if (!observed[i].bounded[c]) continue;
      known.push_back(static_cast<std::uint32_t>(i));
      values.push_back(*observed[i].bounded[c]);
      variances.push_back(observed[i].bounded_variances[c]);
    }
    if (known.empty()) continue;
    MatrixXd rows(static_cast<Index>(known.size()), rows_.cols());
    for (std::size_t i = 0; i < known.size(); ++i) {
      rows.row(static_cast<Index>(i)) = rows_.row(static_cast<Index>(known[i]));
    }
    std::vector<double> thresholds;
    if (constraint.min) thresholds.push_back(*constraint.min);
    if (constraint.max) thresholds.push_back(*constraint.max);
    const bool is_log = options_.log_costs && is_positive_cost(constraint.measure);
    const TransformOptions transform{.scale = is_log ? Scale::Log : Scale::Linear,
                                     .winsorise = options_.winsorise && !constraint.min};
    OutputModel model =
        model_of(rows, values, variances, transform, {GpKernel::Rbf, 1.0}, thresholds);
    BoundModel bound{std::move(model), std::nullopt, std::nullopt};
    if (constraint.min) bound.min = bound.model.transform.uncut(*constraint.min);
    if (constraint.max) bound.max = bound.model.transform.uncut(*constraint.max);
    bounds_.push_back(std::move(bound));
  }
}

void GpModels::make_success(const trial::History& history, const Evidence& evidence) {
  const std::size_t room = options_.max_observations;
  const auto failed = std::span{evidence.failed}.last(std::min(room, evidence.failed.size()));
  const MatrixXd failed_rows = rows_of(history, failed);
  success_.emplace(success_process(features_, rows_, failed_rows));
}

void GpModels::make_log_cost(const trial::History& history, const Evidence& evidence) {
  std::vector<Index> known;
  std::vector<double> logs;
  const double step = evidence.step.value_or(0.0);
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const auto joules =
        history.value_at(history.trials()[trials_[i]], {MeasureKind::Energy, ""}, step);
    if (!joules || !(*joules > 0.0)) continue;
    known.push_back(static_cast<Index>(i));
    logs.push_back(std::log(*joules));
  }
  if (known.empty()) return;
  math::GpData data{rows_(known, Eigen::all), vector_of(logs), std::nullopt};
  const math::KernelShape shape = features_.shape(math::KernelFamily::Rbf);
  math::GpHyperparameters fitted = GaussianProcess::fit(shape, data, {});
  log_cost_.emplace(shape, std::move(data), std::move(fitted));
}

void GpModels::add_cut_short(const MatrixXd& rows) {
  for (OutputModel& loss : losses_) {
    const Eigen::VectorXd observed = loss.process.predict_means(rows_);
    const double middle =
        math::median({observed.data(), static_cast<std::size_t>(observed.size())});
    const Eigen::VectorXd predicted = loss.process.predict_means(rows);
    for (Index i = 0; i < rows.rows(); ++i) {
      add_belief(loss.process, loss.has_known_noise, rows.row(i), std::max(predicted[i], middle));
    }
  }
}

void GpModels::add_pending_to_losses() {
  for (OutputModel& loss : losses_) {
    for (Index i = 0; i < pending_rows_.rows(); ++i) {
      const Eigen::RowVectorXd row = pending_rows_.row(i);
      add_belief(loss.process, loss.has_known_noise, row, loss.process.predict(row).mean);
    }
  }
}

void GpModels::add_pending_to_bounds() {
  for (BoundModel& bound : bounds_) {
    GaussianProcess& process = bound.model.process;
    for (Index i = 0; i < pending_rows_.rows(); ++i) {
      const Eigen::RowVectorXd row = pending_rows_.row(i);
      const double mean = process.predict(row).mean;
      const double broken = bound.max ? std::max(mean, *bound.max) : std::min(mean, *bound.min);
      add_belief(process, bound.model.has_known_noise, row, broken);
    }
  }
}

void GpModels::narrow_losses(double share) {
  narrowed_.clear();
  for (const OutputModel& loss : losses_) {
    narrowed_.push_back(std::make_unique<NarrowedPosterior>(loss.process, share));
  }
}

std::vector<const math::Posterior*> GpModels::loss_processes() const {
  std::vector<const math::Posterior*> processes;
  for (const auto& narrowed : narrowed_) processes.push_back(narrowed.get());
  if (!processes.empty()) return processes;
  for (const OutputModel& loss : losses_) processes.push_back(&loss.process);
  return processes;
}

double GpModels::noise_share() const {
  double share = 0.0;
  for (const OutputModel& loss : losses_) share = std::max(share, loss.process.noise_variance());
  return share;
}

std::vector<Bound> GpModels::bounds() const {
  std::vector<Bound> bounds;
  for (const BoundModel& bound : bounds_) {
    bounds.push_back({&bound.model.process, bound.min, bound.max});
  }
  constexpr double kHalfway = 0.5;
  if (success_) bounds.push_back({&*success_, std::nullopt, kHalfway});
  return bounds;
}

std::vector<double> GpModels::on_scale(std::span<const double> losses) const {
  std::vector<double> scaled;
  for (std::size_t k = 0; k < losses.size(); ++k) {
    scaled.push_back(losses_[k].transform.uncut(losses[k]));
  }
  return scaled;
}

}  // namespace wattune::samplers
