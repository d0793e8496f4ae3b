#include "gp_front.hpp"

#include <algorithm>
#include <cmath>

#include "wattune/math/pareto.hpp"
#include "wattune/math/posterior_samples.hpp"
#include "wattune/math/sobol_normal.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Points = std::vector<std::vector<double>>;

MatrixXd pick(const MatrixXd& rows, const std::vector<std::size_t>& indices) {
  MatrixXd picked(static_cast<Index>(indices.size()), rows.cols());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    picked.row(static_cast<Index>(i)) = rows.row(static_cast<Index>(indices[i]));
  }
  return picked;
}

math::Range range_of(const Points& points, std::size_t k) {
  std::vector<double> values;
  for (const auto& point : points) values.push_back(point[k]);
  return math::min_max(values);
}

/// Rows that are not surely dominated: at their luckiest they are where others are at their
/// unluckiest. At most `most`, those first that are on the first fronts at their luckiest.
std::vector<std::size_t> hopeful_rows(const Models& models, std::size_t most) {
  constexpr double kDeviations = 2.0;
  const std::vector<std::size_t>& feasible = models.feasible();
  const MatrixXd rows = pick(models.rows(), feasible);
  Points lucky(feasible.size());
  Points unlucky(feasible.size());
  for (const math::Posterior* process : models.loss_processes()) {
    const math::Predictions predicted = process->predict(rows);
    for (std::size_t i = 0; i < feasible.size(); ++i) {
      const auto at = static_cast<Index>(i);
      const double margin = kDeviations * std::sqrt(predicted.variances[at]);
      lucky[i].push_back(predicted.means[at] - margin);
      unlucky[i].push_back(predicted.means[at] + margin);
    }
  }
  Points worst_front;
  for (const std::size_t i : math::pareto_front(unlucky)) worst_front.push_back(unlucky[i]);
  const std::vector<std::size_t> ranks = math::non_dominated_ranks(lucky);
  std::vector<std::size_t> hopeful;
  for (std::size_t i = 0; i < feasible.size(); ++i) {
    const bool is_beaten = std::ranges::any_of(
        worst_front, [&](const auto& point) { return math::dominates(point, lucky[i]); });
    if (!is_beaten) hopeful.push_back(i);
  }
  std::ranges::stable_sort(hopeful, {}, [&](std::size_t i) { return ranks[i]; });
  hopeful.resize(std::min(hopeful.size(), most));
  std::ranges::sort(hopeful);
  for (std::size_t& i : hopeful) i = feasible[i];
  return hopeful;
}

}  // namespace

Front front_of(const Models& models) {
  const Points means = models.means_at(pick(models.rows(), models.feasible()));
  Front front;
  for (const std::size_t i : math::pareto_front(means)) {
    front.rows.push_back(models.feasible()[i]);
    front.losses.push_back(means[i]);
  }
  return front;
}

double best_mean(const Models& models) {
  Points means = models.means_at(pick(models.rows(), models.feasible()));
  std::ranges::move(models.means_at(models.pending_rows()), std::back_inserter(means));
  return range_of(means, 0).min;
}

std::vector<double> inferred_reference(const Models& models, const Front& front) {
  constexpr double kFewest = 0.5;  // of the range of all
  constexpr double kMargin = 0.25;
  const Points means = models.means_at(pick(models.rows(), models.feasible()));
  std::vector<double> reference;
  for (std::size_t k = 0; k < models.num_losses(); ++k) {
    const math::Range of_front = range_of(front.losses, k);
    const math::Range of_all = range_of(means, k);
    const double range =
        std::max({of_front.max - of_front.min, kFewest * (of_all.max - of_all.min), 1e-6});
    reference.push_back(of_front.max + kMargin * range);
  }
  return reference;
}

std::vector<double> reference_of(const Models& models, const Front& front,
                                 const std::optional<std::vector<double>>& given,
                                 const trial::Problem& problem) {
  if (!given) return inferred_reference(models, front);
  std::vector<double> losses = *given;
  for (std::size_t k = 0; k < losses.size(); ++k) {
    losses[k] = trial::as_loss(problem.objectives[k], losses[k]);
  }
  return models.on_scale(losses);
}

MatrixXd baseline_of(const Models& models, std::uint64_t seed) {
  constexpr std::size_t kMostSampled = 120;
  constexpr std::size_t kNumSamples = 256;
  const std::vector<std::size_t> hopeful = hopeful_rows(models, kMostSampled);
  const MatrixXd rows = pick(models.rows(), hopeful);
  const auto processes = models.loss_processes();
  const std::size_t width = hopeful.size() + 1;
  const MatrixXd normals = math::sobol_normals(kNumSamples, width * processes.size(), seed);
  std::vector<MatrixXd> samples;  // [losses] of [samples x rows]
  for (std::size_t k = 0; k < processes.size(); ++k) {
    const auto own = normals.middleCols(static_cast<Index>(k * width), static_cast<Index>(width));
    samples.push_back(math::PosteriorSamples{*processes[k], rows, own}.at_baseline());
  }
  std::vector<bool> is_kept(hopeful.size(), false);
  for (std::size_t s = 0; s < kNumSamples; ++s) {
    Points points(hopeful.size());
    for (std::size_t i = 0; i < hopeful.size(); ++i) {
      for (const MatrixXd& of_loss : samples) {
        points[i].push_back(of_loss(static_cast<Index>(s), static_cast<Index>(i)));
      }
    }
    for (const std::size_t i : math::pareto_front(points)) is_kept[i] = true;
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < hopeful.size(); ++i) {
    if (is_kept[i]) kept.push_back(i);
  }
  MatrixXd baseline(static_cast<Index>(kept.size()) + models.pending_rows().rows(), rows.cols());
  baseline << pick(rows, kept), models.pending_rows();
  return baseline;
}

std::vector<std::size_t> good_rows(const Models& models, const Acquisition& acquisition,
                                   std::size_t most) {
  std::vector<std::size_t> rows;
  std::vector<double> losses;
  if (models.feasible().empty()) {
    const Eigen::VectorXd values = acquisition.values(models.rows());
    for (std::size_t i = 0; i < models.trials().size(); ++i) {
      rows.push_back(i);
      losses.push_back(-values[static_cast<Index>(i)]);
    }
  } else if (models.num_losses() == 1) {
    rows = models.feasible();
    const auto means = models.means_at(pick(models.rows(), rows));
    for (const auto& mean : means) losses.push_back(mean.front());
  } else {
    const std::vector<std::size_t> front = front_of(models).rows;
    for (std::size_t i = 0; i < std::min(most, front.size()); ++i) {
      rows.push_back(front[i * front.size() / std::min(most, front.size())]);
    }
    return rows;
  }
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return losses[i]; });
  order.resize(std::min(order.size(), most));
  for (std::size_t& i : order) i = rows[i];
  return order;
}

}  // namespace wattune::samplers
