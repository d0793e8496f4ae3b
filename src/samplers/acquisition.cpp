#include "acquisition.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "wattune/base/require.hpp"
#include "wattune/math/box_decomposition.hpp"
#include "wattune/math/hypervolume_improvement.hpp"
#include "wattune/math/improvement.hpp"
#include "wattune/math/posterior_samples.hpp"
#include "wattune/math/sobol_normal.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;
using math::AcquisitionValue;

/// ln(1 + exp z), its logarithm, and that one's derivative.
struct LogSoftplus {
  double value = 0.0;
  double slope = 0.0;
};

LogSoftplus log_softplus(double z) {
  if (z < -30.0) return {z, 1.0};
  const double softplus = z > 30.0 ? z : std::log1p(std::exp(z));
  return {std::log(softplus), 1.0 / ((1.0 + std::exp(-z)) * softplus)};
}

/// The bound as something to be maximised whose logarithm can be taken.
AcquisitionValue log_optimistic_improvement(double mean, double deviation, double best,
                                            double optimism) {
  constexpr double kSoftness = 0.1;  // in standard deviations of the losses
  const AcquisitionValue bound = math::lower_confidence_bound(mean, deviation, optimism);
  const LogSoftplus positive = log_softplus((best - bound.value) / kSoftness);
  const double slope = -positive.slope / kSoftness;
  return {positive.value, slope * bound.d_mean, slope * bound.d_deviation};
}

class Improvement final : public Acquisition {
 public:
  Improvement(GpAcquisition kind, const math::Posterior& process, double best, double optimism)
      : kind_(kind), process_(process), best_(best), optimism_(optimism) {}

  VectorXd values(const MatrixXd& rows) const override {
    const math::Predictions predicted = process_.predict(rows);
    VectorXd values(rows.rows());
    for (Index i = 0; i < rows.rows(); ++i) {
      values[i] = of(predicted.means[i], std::sqrt(predicted.variances[i])).value;
    }
    return values;
  }

  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    const math::PredictionGradient predicted = math::predict_one_with_gradient(process_, row);
    const double deviation = std::sqrt(predicted.variance);
    const AcquisitionValue result = of(predicted.mean, deviation);
    gradient = (result.d_mean * predicted.mean_gradient +
                result.d_deviation / (2.0 * deviation) * predicted.variance_gradient)
                   .transpose();
    return result.value;
  }

 private:
  AcquisitionValue of(double mean, double deviation) const {
    switch (kind_) {
      case GpAcquisition::Ei:
        return math::expected_improvement(mean, deviation, best_);
      case GpAcquisition::Pi:
        return math::log_probability_below(mean, deviation, best_);
      case GpAcquisition::Ucb:
        return log_optimistic_improvement(mean, deviation, best_, optimism_);
      default:
        return math::log_expected_improvement(mean, deviation, best_);
    }
  }

  GpAcquisition kind_;
  const math::Posterior& process_;
  double best_;
  double optimism_;
};

class PairAcquisition final : public Acquisition {
 public:
  PairAcquisition(std::span<const math::Posterior* const> processes,
                  std::span<const std::vector<double>> front, std::span<const double> reference)
      : processes_{processes[0], processes[1]}, improvement_(front, {reference[0], reference[1]}) {}

  VectorXd values(const MatrixXd& rows) const override {
    const std::array predicted{processes_[0]->predict(rows), processes_[1]->predict(rows)};
    VectorXd values(rows.rows());
    for (Index i = 0; i < rows.rows(); ++i) {
      values[i] = improvement_
                      .log_expected({predicted[0].means[i], predicted[1].means[i]},
                                    {std::sqrt(predicted[0].variances[i]),
                                     std::sqrt(predicted[1].variances[i])})
                      .value;
    }
    return values;
  }

  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    const std::array predicted{math::predict_one_with_gradient(*processes_[0], row),
                               math::predict_one_with_gradient(*processes_[1], row)};
    const std::array deviations{std::sqrt(predicted[0].variance), std::sqrt(predicted[1].variance)};
    const math::PairAcquisition result =
        improvement_.log_expected({predicted[0].mean, predicted[1].mean}, deviations);
    gradient.setZero(row.size());
    for (std::size_t k = 0; k < 2; ++k) {
      gradient += result.d_mean[k] * predicted[k].mean_gradient.transpose() +
                  result.d_deviation[k] / (2.0 * deviations[k]) *
                      predicted[k].variance_gradient.transpose();
    }
    return result.value;
  }

 private:
  std::array<const math::Posterior*, 2> processes_;
  math::PairImprovement improvement_;
};

/// Joint samples of all losses at a baseline and at candidates.
class JointSamples {
 public:
  explicit JointSamples(const JointDraws& draws) {
    const std::size_t width = static_cast<std::size_t>(draws.baseline.rows()) + 1;
    const MatrixXd normals =
        math::sobol_normals(draws.num_samples, width * draws.processes.size(), draws.seed);
    samples_.reserve(draws.processes.size());
    for (std::size_t k = 0; k < draws.processes.size(); ++k) {
      samples_.emplace_back(
          *draws.processes[k], draws.baseline,
          normals.middleCols(static_cast<Index>(k * width), static_cast<Index>(width)));
    }
  }

  [[nodiscard]] std::size_t num_losses() const { return samples_.size(); }
  [[nodiscard]] const MatrixXd& at_baseline(std::size_t k) const {
    return samples_[k].at_baseline();
  }

  /// Calls use(i, samples [s x k]) for each row.
  template <typename Use>
  void at(const MatrixXd& rows, const Use& use) const {
    std::vector<MatrixXd> by_loss;
    for (const math::PosteriorSamples& samples : samples_) by_loss.push_back(samples.at(rows));
    MatrixXd one(by_loss.front().rows(), static_cast<Index>(by_loss.size()));
    for (Index i = 0; i < rows.rows(); ++i) {
      for (std::size_t k = 0; k < by_loss.size(); ++k) {
        one.col(static_cast<Index>(k)) = by_loss[k].col(i);
      }
      use(i, one);
    }
  }

  /// The value of `of(samples)` and its gradient with respect to the row.
  template <typename Of>
  double with_gradient(const RowVectorXd& row, RowVectorXd& gradient, const Of& of) const {
    std::vector<math::PosteriorSamples::Candidate> candidates;
    for (const math::PosteriorSamples& samples : samples_) {
      candidates.push_back(samples.with_gradient(row));
    }
    MatrixXd values(candidates.front().samples.size(), static_cast<Index>(candidates.size()));
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      values.col(static_cast<Index>(k)) = candidates[k].samples;
    }
    const math::SampledAcquisition result = of(values);
    gradient.setZero(row.size());
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      gradient +=
          result.gradient.col(static_cast<Index>(k)).transpose() * candidates[k].sample_gradients;
    }
    return result.value;
  }

 private:
  std::vector<math::PosteriorSamples> samples_;
};

/// What each sample's front leaves free.
std::vector<std::vector<math::Box>> boxes_of(const JointSamples& samples,
                                             std::span<const double> reference) {
  const MatrixXd& first = samples.at_baseline(0);
  std::vector<std::vector<math::Box>> boxes;
  for (Index s = 0; s < first.rows(); ++s) {
    std::vector<std::vector<double>> points(static_cast<std::size_t>(first.cols()));
    for (std::size_t b = 0; b < points.size(); ++b) {
      for (std::size_t k = 0; k < samples.num_losses(); ++k) {
        points[b].push_back(samples.at_baseline(k)(s, static_cast<Index>(b)));
      }
    }
    boxes.push_back(math::non_dominated_boxes(points, reference));
  }
  return boxes;
}

class NoisyHypervolume final : public Acquisition {
 public:
  NoisyHypervolume(GpAcquisition kind, const JointDraws& draws, std::span<const double> reference)
      : is_logarithm_(kind == GpAcquisition::QLogNehvi),
        samples_(draws),
        boxes_(boxes_of(samples_, reference)),
        improvement_(boxes_),
        rough_improvement_(std::span{boxes_}.first(std::min(kNumRough, boxes_.size()))) {}

  VectorXd values(const MatrixXd& rows) const override {
    VectorXd values(rows.rows());
    samples_.at(rows, [&](Index i, const MatrixXd& samples) {
      values[i] = of(improvement_, samples).value;
    });
    return values;
  }

  /// From the first samples alone.
  VectorXd rough_values(const MatrixXd& rows) const override {
    VectorXd values(rows.rows());
    samples_.at(rows, [&](Index i, const MatrixXd& samples) {
      const Index count = std::min(static_cast<Index>(kNumRough), samples.rows());
      values[i] = of(rough_improvement_, samples.topRows(count)).value;
    });
    return values;
  }

  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    return samples_.with_gradient(
        row, gradient, [this](const MatrixXd& samples) { return of(improvement_, samples); });
  }

 private:
  static constexpr std::size_t kNumRough = 32;

  [[nodiscard]] math::SampledAcquisition of(const math::SampledImprovement& improvement,
                                            const MatrixXd& samples) const {
    return is_logarithm_ ? improvement.log_expected(samples) : improvement.expected(samples);
  }

  bool is_logarithm_;
  JointSamples samples_;
  std::vector<std::vector<math::Box>> boxes_;
  math::SampledImprovement improvement_;
  math::SampledImprovement rough_improvement_;
};

class NoisyChebyshev final : public Acquisition {
 public:
  NoisyChebyshev(const JointDraws& draws, std::span<const double> weights)
      : samples_(draws), weights_(weights.begin(), weights.end()) {
    for (const math::Posterior* process : draws.processes) {
      const VectorXd means = process->predict_means(draws.baseline);
      const double range = means.size() > 0 ? means.maxCoeff() - means.minCoeff() : 0.0;
      lowest_.push_back(means.size() > 0 ? means.minCoeff() : 0.0);
      range_.push_back(std::max(range, 1e-9));
    }
    for (Index s = 0; s < samples_.at_baseline(0).rows(); ++s) best_.push_back(best_of(s));
  }

  VectorXd values(const MatrixXd& rows) const override {
    VectorXd values(rows.rows());
    samples_.at(rows, [&](Index i, const MatrixXd& samples) { values[i] = of(samples).value; });
    return values;
  }

  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    return samples_.with_gradient(row, gradient,
                                  [this](const MatrixXd& samples) { return of(samples); });
  }

 private:
  struct Sum {
    double value = 0.0;
    std::size_t largest = 0;
  };
  static constexpr double kShareOfSum = 0.05;

  /// The augmented Chebyshev sum of losses(0 .. k - 1).
  template <typename Losses>
  Sum sum_of(const Losses& losses) const {
    Sum sum;
    double largest = 0.0;
    for (std::size_t k = 0; k < weights_.size(); ++k) {
      const double term = weights_[k] * (losses(k) - lowest_[k]) / range_[k];
      sum.value += kShareOfSum * term;
      if (k > 0 && term <= largest) continue;
      largest = term;
      sum.largest = k;
    }
    sum.value += largest;
    return sum;
  }

  double best_of(Index sample) const {
    double best = 0.0;
    const Index count = samples_.at_baseline(0).cols();
    for (Index b = 0; b < count; ++b) {
      const double value =
          sum_of([&](std::size_t k) { return samples_.at_baseline(k)(sample, b); }).value;
      best = b == 0 ? value : std::min(best, value);
    }
    return best;
  }

  math::SampledAcquisition of(const MatrixXd& samples) const {
    constexpr double kSoftness = 1e-3;  // of losses scaled to 0..1
    std::vector<LogSoftplus> gains(best_.size());
    std::vector<std::size_t> largest(best_.size());
    double top = -std::numeric_limits<double>::infinity();
    for (std::size_t s = 0; s < best_.size(); ++s) {
      const auto row = samples.row(static_cast<Index>(s));
      const Sum sum = sum_of([&](std::size_t k) { return row[static_cast<Index>(k)]; });
      gains[s] = log_softplus((best_[s] - sum.value) / kSoftness);
      largest[s] = sum.largest;
      top = std::max(top, gains[s].value);
    }
    double total = 0.0;
    for (const LogSoftplus& gain : gains) total += std::exp(gain.value - top);
    math::SampledAcquisition result;
    result.value = top + std::log(total / static_cast<double>(best_.size()) * kSoftness);
    result.gradient.setZero(samples.rows(), samples.cols());
    for (std::size_t s = 0; s < best_.size(); ++s) {
      const double share = std::exp(gains[s].value - top) / total * gains[s].slope / kSoftness;
      for (std::size_t k = 0; k < weights_.size(); ++k) {
        const double times = kShareOfSum + (k == largest[s] ? 1.0 : 0.0);
        result.gradient(static_cast<Index>(s), static_cast<Index>(k)) =
            -share * times * weights_[k] / range_[k];
      }
    }
    return result;
  }

  JointSamples samples_;
  std::vector<double> weights_;
  std::vector<double> lowest_;  // of the baseline's means
  std::vector<double> range_;
  std::vector<double> best_;  // [s]
};

class Modified final : public Acquisition {
 public:
  Modified(std::unique_ptr<Acquisition> core, bool is_logarithm, Modifiers modifiers)
      : core_(std::move(core)), is_logarithm_(is_logarithm), modifiers_(std::move(modifiers)) {}

  VectorXd values(const MatrixXd& rows) const override {
    return modified(rows, core_ ? core_->values(rows) : VectorXd{});
  }
  VectorXd rough_values(const MatrixXd& rows) const override {
    return modified(rows, core_ ? core_->rough_values(rows) : VectorXd{});
  }

  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    RowVectorXd log_gradient = RowVectorXd::Zero(row.size());
    const double log = log_factor(row, log_gradient);
    if (!core_) {
      gradient = log_gradient;
      return log;
    }
    const double core = core_->value(row, gradient);
    if (is_logarithm_) {
      gradient += log_gradient;
      return core + log;
    }
    const double factor = std::exp(log);
    gradient = factor * (gradient + core * log_gradient);
    return factor * core;
  }

 private:
  [[nodiscard]] VectorXd modified(const MatrixXd& rows, const VectorXd& core) const {
    VectorXd logs = VectorXd::Zero(rows.rows());
    for (const Bound& bound : modifiers_.bounds) {
      const math::Predictions predicted = bound.process->predict(rows);
      for (Index i = 0; i < rows.rows(); ++i) {
        logs[i] += log_kept(bound, predicted.means[i], std::sqrt(predicted.variances[i])).value;
      }
    }
    if (has_cost()) {
      const math::Predictions predicted = modifiers_.log_cost->predict(rows);
      logs -= modifiers_.cost_exponent * (predicted.means + 0.5 * predicted.variances);
    }
    if (!core_) return logs;
    if (is_logarithm_) return core + logs;
    return core.cwiseProduct(logs.array().exp().matrix());
  }

  [[nodiscard]] bool has_cost() const {
    return modifiers_.log_cost != nullptr && modifiers_.cost_exponent != 0.0;
  }

  static AcquisitionValue log_kept(const Bound& bound, double mean, double deviation) {
    AcquisitionValue sum;
    const auto add = [&sum](const AcquisitionValue& term) {
      sum.value += term.value;
      sum.d_mean += term.d_mean;
      sum.d_deviation += term.d_deviation;
    };
    if (bound.max) add(math::log_probability_below(mean, deviation, *bound.max));
    if (bound.min) add(math::log_probability_above(mean, deviation, *bound.min));
    return sum;
  }

  double log_factor(const RowVectorXd& row, RowVectorXd& gradient) const {
    double log = 0.0;
    for (const Bound& bound : modifiers_.bounds) {
      const math::PredictionGradient predicted =
          math::predict_one_with_gradient(*bound.process, row);
      const double deviation = std::sqrt(predicted.variance);
      const AcquisitionValue kept = log_kept(bound, predicted.mean, deviation);
      log += kept.value;
      gradient += (kept.d_mean * predicted.mean_gradient +
                   kept.d_deviation / (2.0 * deviation) * predicted.variance_gradient)
                      .transpose();
    }
    if (!has_cost()) return log;
    const math::PredictionGradient cost =
        math::predict_one_with_gradient(*modifiers_.log_cost, row);
    gradient -=
        modifiers_.cost_exponent * (cost.mean_gradient + 0.5 * cost.variance_gradient).transpose();
    return log - modifiers_.cost_exponent * (cost.mean + 0.5 * cost.variance);
  }

  std::unique_ptr<Acquisition> core_;
  bool is_logarithm_;
  Modifiers modifiers_;
};

}  // namespace

std::unique_ptr<Acquisition> make_improvement(GpAcquisition kind, const math::Posterior& process,
                                              double best, double optimism) {
  return std::make_unique<Improvement>(kind, process, best, optimism);
}

std::unique_ptr<Acquisition> make_pair_improvement(
    std::span<const math::Posterior* const> processes, std::span<const std::vector<double>> front,
    std::span<const double> reference) {
  WATTUNE_REQUIRE(processes.size() == 2 && reference.size() == 2);
  return std::make_unique<PairAcquisition>(processes, front, reference);
}

std::unique_ptr<Acquisition> make_noisy_hypervolume_improvement(GpAcquisition kind,
                                                                const JointDraws& draws,
                                                                std::span<const double> reference) {
  WATTUNE_REQUIRE(draws.processes.size() == reference.size());
  return std::make_unique<NoisyHypervolume>(kind, draws, reference);
}

std::unique_ptr<Acquisition> make_noisy_chebyshev_improvement(const JointDraws& draws,
                                                              std::span<const double> weights) {
  WATTUNE_REQUIRE(draws.processes.size() == weights.size());
  return std::make_unique<NoisyChebyshev>(draws, weights);
}

std::unique_ptr<Acquisition> make_modified(std::unique_ptr<Acquisition> core, bool is_logarithm,
                                           Modifiers modifiers) {
  return std::make_unique<Modified>(std::move(core), is_logarithm, std::move(modifiers));
}

}  // namespace wattune::samplers
