#include "race_curves.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace wattune::strategies {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr std::size_t kFirstFit = 4;
constexpr std::size_t kMostGrowth = 52;

}  // namespace

RaceCurves::RaceCurves(math::CurveShape shape, samplers::CurveScale::Shape scale,
                       const RaceTuning& tuning)
    : shape_(std::move(shape)), scale_shape_(scale), tuning_(tuning) {
}

void RaceCurves::add(const Eigen::RowVectorXd& row, double place, double value) {
  rows_.push_back(row);
  places_.push_back(place);
  values_.push_back(value);
}

std::size_t RaceCurves::last_fit_at(std::size_t num_values) const {
  std::size_t last = std::min(kFirstFit, num_values);
  for (std::size_t next = kFirstFit; next <= num_values;) {
    last = next;
    const auto grown = static_cast<std::size_t>(static_cast<double>(next) * tuning_.fit_growth);
    next = std::clamp(grown, next + 1, next + kMostGrowth);
  }
  return last;
}

void RaceCurves::update() {
  scale_.emplace(values_, scale_shape_);
  const std::size_t fit_at = last_fit_at(values_.size());
  if (fit_at != fitted_at_) refit(fit_at);
  for (std::size_t i = std::max(fitted_at_, in_process_.empty() ? 0 : in_process_.back() + 1);
       i < values_.size(); ++i) {
    process_->add(rows_[i], places_[i], 0.0);
    in_process_.push_back(i);
  }
  VectorXd scaled(static_cast<Index>(in_process_.size()));
  for (std::size_t i = 0; i < in_process_.size(); ++i) {
    scaled[static_cast<Index>(i)] = (*scale_)(values_[in_process_[i]]);
  }
  process_->set_values(scaled);
}

std::vector<std::size_t> RaceCurves::thinned(std::size_t num_first,
                                             const samplers::CurveScale& scale) const {
  constexpr double kForLater = 2.0;  // what the end of a curve is preferred by
  std::vector<std::size_t> order(num_first);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t most = tuning_.max_values - std::min(tuning_.max_values / 2, kMostGrowth);
  if (num_first <= most) return order;
  std::vector<double> merits(num_first);
  for (std::size_t i = 0; i < num_first; ++i) {
    merits[i] = scale(values_[i]) - kForLater * places_[i];
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return merits[i]; });
  const std::size_t num_best = most / 2;
  const std::size_t num_spread = most - num_best;
  const std::size_t num_others = num_first - num_best;
  std::vector<std::size_t> kept(order.begin(), order.begin() + std::ptrdiff_t(num_best));
  for (std::size_t i = 0; i < num_spread; ++i) {
    kept.push_back(order[num_best + (2 * i + 1) * num_others / (2 * num_spread)]);
  }
  std::ranges::sort(kept);
  return kept;
}

void RaceCurves::refit(std::size_t num_first) {
  const samplers::CurveScale then{std::span{values_}.first(num_first), scale_shape_};
  in_process_ = thinned(num_first, then);
  const auto n = static_cast<Index>(in_process_.size());
  math::CurveData data{Eigen::MatrixXd(n, rows_.front().cols()), VectorXd(n), VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const std::size_t value = in_process_[static_cast<std::size_t>(i)];
    data.points.row(i) = rows_[value];
    data.resources[i] = places_[value];
    data.values[i] = then(values_[value]);
  }
  auto fitted = math::CurveProcess::fit(
      shape_, data, {.max_rows = tuning_.fit_rows, .max_evaluations = tuning_.fit_evaluations});
  process_.emplace(shape_, std::move(data), std::move(fitted));
  fitted_at_ = num_first;
}

std::optional<double> RaceCurves::best(std::span<const char> counts) const {
  const VectorXd smoothed = process_->smoothed_values();
  std::optional<double> best;
  for (std::size_t i = 0; i < in_process_.size(); ++i) {
    if (counts[in_process_[i]] == 0) continue;
    const double value = smoothed[static_cast<Index>(i)];
    if (!best || value < *best) best = value;
  }
  return best;
}

}  // namespace wattune::strategies
