#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "log_sum.hpp"
#include "soft_length.hpp"
#include "wattune/base/require.hpp"
#include "wattune/math/box_decomposition.hpp"
#include "wattune/math/hypervolume_improvement.hpp"

namespace wattune::math {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr std::size_t kLargestBatch = 8;

/// The worst of some candidates' losses, objective by objective: what all of them dominate is what
/// this point dominates.
Eigen::RowVectorXd worst_of(std::span<const Eigen::MatrixXd> samples, std::size_t subset,
                            Eigen::Index sample) {
  Eigen::RowVectorXd worst = Eigen::RowVectorXd::Constant(samples[0].cols(), kMinusInfinity);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if ((subset >> i & 1u) != 0) worst = worst.cwiseMax(samples[i].row(sample));
  }
  return worst;
}

bool has_odd_size(std::size_t subset) {
  return std::popcount(subset) % 2 == 1;
}

}  // namespace

SampledImprovement::SampledImprovement(std::span<const std::vector<Box>> boxes, Softness softness)
    : softness_{softness} {
  WATTUNE_REQUIRE(!boxes.empty() && softness.improvement > 0.0 && softness.choice > 0.0);
  for (const std::vector<Box>& front : boxes) {
    WATTUNE_REQUIRE(!front.empty());
    num_objectives_ = static_cast<Eigen::Index>(front[0].upper.size());
    const auto count = static_cast<Eigen::Index>(front.size());
    BoxColumns columns{
        Eigen::ArrayXXd(count, num_objectives_), Eigen::ArrayXXd(count, num_objectives_), {}};
    for (Eigen::Index c = 0; c < count; ++c) {
      const Box& box = front[static_cast<std::size_t>(c)];
      WATTUNE_REQUIRE(box.upper.size() == front[0].upper.size());
      for (Eigen::Index k = 0; k < num_objectives_; ++k) {
        const auto objective = static_cast<std::size_t>(k);
        columns.upper(c, k) = box.upper[objective];
        columns.lengths(c, k) = box.upper[objective] - box.lower[objective];
      }
    }
    columns.log_lengths = columns.lengths.log();
    fronts_.push_back(std::move(columns));
  }
}

const SampledImprovement::BoxColumns& SampledImprovement::front_of(Eigen::Index sample) const {
  return fronts_.size() == 1 ? fronts_[0] : fronts_[static_cast<std::size_t>(sample)];
}

void SampledImprovement::require_samples(const Eigen::MatrixXd& samples) const {
  WATTUNE_REQUIRE(samples.rows() > 0 && samples.cols() == num_objectives_);
  WATTUNE_REQUIRE(fronts_.size() == 1 ||
                  fronts_.size() == static_cast<std::size_t>(samples.rows()));
}

SampledAcquisition SampledImprovement::expected(const Eigen::MatrixXd& samples) const {
  require_samples(samples);
  SampledAcquisition result{0.0, Eigen::MatrixXd::Zero(samples.rows(), samples.cols())};
  Eigen::ArrayXXd lengths;
  for (Eigen::Index sample = 0; sample < samples.rows(); ++sample) {
    const BoxColumns& front = front_of(sample);
    lengths = (front.upper.rowwise() - samples.row(sample).array()).max(0.0).min(front.lengths);
    result.value += lengths.rowwise().prod().sum();
    for (Eigen::Index k = 0; k < num_objectives_; ++k) {
      const auto inside = lengths.col(k) > 0.0 && lengths.col(k) < front.lengths.col(k);
      Eigen::ArrayXd others = inside.select(Eigen::ArrayXd::Ones(lengths.rows()), 0.0);
      for (Eigen::Index j = 0; j < num_objectives_; ++j) {
        if (j != k) others *= lengths.col(j);
      }
      result.gradient(sample, k) = -others.sum();
    }
  }
  const auto count = static_cast<double>(samples.rows());
  result.value /= count;
  result.gradient /= count;
  return result;
}

SampledAcquisition SampledImprovement::log_expected(const Eigen::MatrixXd& samples) const {
  require_samples(samples);
  SampledAcquisition result{0.0, Eigen::MatrixXd::Zero(samples.rows(), samples.cols())};
  Eigen::VectorXd log_volumes(samples.rows());
  LogSum total;
  Eigen::RowVectorXd slopes(num_objectives_);
  for (Eigen::Index sample = 0; sample < samples.rows(); ++sample) {
    const BoxColumns& front = front_of(sample);
    LogSum volume;
    for (Eigen::Index c = 0; c < front.upper.rows(); ++c) {
      double log_volume = 0.0;
      for (Eigen::Index k = 0; k < num_objectives_; ++k) {
        const SoftLength length = soft_log_length(front.upper(c, k) - samples(sample, k),
                                                  front.log_lengths(c, k), softness_);
        log_volume += length.log_value;
        slopes[k] = -length.slope;
      }
      const auto [kept, weight] = volume.add(log_volume);
      result.gradient.row(sample) = kept * result.gradient.row(sample) + weight * slopes;
    }
    result.gradient.row(sample) /= volume.scaled_sum();
    log_volumes[sample] = volume.value();
    total.add(log_volumes[sample]);
  }
  for (Eigen::Index sample = 0; sample < samples.rows(); ++sample) {
    result.gradient.row(sample) *= std::exp(log_volumes[sample] - total.value());
  }
  result.value = total.value() - std::log(static_cast<double>(samples.rows()));
  return result;
}

double SampledImprovement::expected_of_batch(std::span<const Eigen::MatrixXd> samples) const {
  WATTUNE_REQUIRE(!samples.empty() && samples.size() <= kLargestBatch);
  for (const Eigen::MatrixXd& candidate : samples) require_samples(candidate);
  double sum = 0.0;
  for (Eigen::Index sample = 0; sample < samples[0].rows(); ++sample) {
    const BoxColumns& front = front_of(sample);
    for (std::size_t subset = 1; subset < std::size_t{1} << samples.size(); ++subset) {
      const Eigen::RowVectorXd worst = worst_of(samples, subset, sample);
      const double volume = (front.upper.rowwise() - worst.array())
                                .max(0.0)
                                .min(front.lengths)
                                .rowwise()
                                .prod()
                                .sum();
      sum += has_odd_size(subset) ? volume : -volume;
    }
  }
  return sum / static_cast<double>(samples[0].rows());
}

double SampledImprovement::log_expected_of_batch(std::span<const Eigen::MatrixXd> samples) const {
  WATTUNE_REQUIRE(!samples.empty() && samples.size() <= kLargestBatch);
  for (const Eigen::MatrixXd& candidate : samples) require_samples(candidate);
  LogSum added;
  LogSum counted_twice;
  for (Eigen::Index sample = 0; sample < samples[0].rows(); ++sample) {
    const BoxColumns& front = front_of(sample);
    for (std::size_t subset = 1; subset < std::size_t{1} << samples.size(); ++subset) {
      const Eigen::RowVectorXd worst = worst_of(samples, subset, sample);
      LogSum& sum = has_odd_size(subset) ? added : counted_twice;
      for (Eigen::Index c = 0; c < front.upper.rows(); ++c) {
        double log_volume = 0.0;
        for (Eigen::Index k = 0; k < num_objectives_; ++k) {
          log_volume +=
              soft_log_length(front.upper(c, k) - worst[k], front.log_lengths(c, k), softness_)
                  .log_value;
        }
        sum.add(log_volume);
      }
    }
  }
  const double log_count = std::log(static_cast<double>(samples[0].rows()));
  if (samples.size() == 1) return added.value() - log_count;
  // What is counted twice is less than the whole; rounding alone could make it equal.
  const double share = std::min(std::exp(counted_twice.value() - added.value()), 1.0 - 1e-15);
  return added.value() + std::log1p(-share) - log_count;
}

}  // namespace wattune::math
