#include "race_cost.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "wattune/math/statistics.hpp"

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

constexpr double kRidge = 0.3;

RowVectorXd inputs(const RowVectorXd& row) {
  RowVectorXd all(2 * row.size());
  all << row, row.array().square().matrix();
  return all;
}

/// From the trial's beginning to a report, in the unit of the kind.
std::optional<double> spent_at(const trial::Report& report, CostKind kind) {
  switch (kind) {
    case CostKind::Energy:
      if (report.provenance == Provenance::Missing) return std::nullopt;
      return report.energy.joules().value();
    case CostKind::Duration:
      return static_cast<double>(report.duration_s);
    case CostKind::Resource:
      return report.step;
  }
  return std::nullopt;
}

bool has_energy(const trial::Trial& trial) {
  return !trial.reports().empty() && trial.reports().back().provenance != Provenance::Missing &&
         trial.reports().back().energy.count() > 0;
}

bool has_duration(const trial::Trial& trial) {
  return !trial.reports().empty() && trial.reports().back().duration_s > 0.0F;
}

/// The median over the stretches between reports, so that neither a start nor work that was done
/// again after a crash counts for more than its share; nothing where no stretch is known.
std::optional<double> rate_of(const trial::Trial& trial, CostKind kind) {
  std::vector<double> rates;
  double step = 0.0;
  double cost = 0.0;
  for (const trial::Report& report : trial.reports()) {
    const auto spent = spent_at(report, kind);
    if (!spent || !(report.step > step)) continue;
    const double rate = (*spent - cost) / (report.step - step);
    if (rate > 0.0) rates.push_back(rate);
    step = report.step;
    cost = *spent;
  }
  if (rates.empty()) return std::nullopt;
  return math::median(rates);
}

}  // namespace

std::string_view to_text(CostKind kind) {
  switch (kind) {
    case CostKind::Energy:
      return "joules";
    case CostKind::Duration:
      return "seconds";
    case CostKind::Resource:
      return "resource";
  }
  return "";
}

RaceCost::RaceCost(const trial::History& history, const samplers::Features& features)
    : max_(history.problem().resource.max) {
  for (const trial::Trial& trial : history.trials()) {
    if (has_energy(trial)) kind_ = CostKind::Energy;
    if (kind_ == CostKind::Resource && has_duration(trial)) kind_ = CostKind::Duration;
  }
  std::vector<RowVectorXd> rows;
  std::vector<double> log_rates;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    const auto rate = rate_of(trial, kind_);
    if (!rate) continue;
    rows.push_back(inputs(features.row(trial.configuration())));
    log_rates.push_back(std::log(*rate));
  }
  weights_ = VectorXd::Zero(2 * static_cast<Index>(features.num_columns()));
  if (!rows.empty()) regress(rows, log_rates);
}

void RaceCost::regress(const std::vector<RowVectorXd>& rows, const std::vector<double>& values) {
  MatrixXd x(static_cast<Index>(rows.size()), weights_.size());
  for (std::size_t i = 0; i < rows.size(); ++i) x.row(static_cast<Index>(i)) = rows[i];
  VectorXd y = Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
  const RowVectorXd x_mean = x.colwise().mean();
  x.rowwise() -= x_mean;
  const double y_mean = y.mean();
  y.array() -= y_mean;
  MatrixXd normal = x.transpose() * x;
  normal.diagonal().array() += kRidge;
  weights_ = normal.ldlt().solve(x.transpose() * y);
  offset_ = y_mean - x_mean * weights_;
}

VectorXd RaceCost::log_full(const MatrixXd& rows) const {
  VectorXd result(rows.rows());
  for (Index i = 0; i < rows.rows(); ++i) {
    result[i] = offset_ + inputs(rows.row(i)) * weights_ + std::log(max_);
  }
  return result;
}

double RaceCost::log_remaining(const trial::Trial& trial, double from,
                               const RowVectorXd& row) const {
  const double left = std::max(max_ - from, 1e-9 * max_);
  if (const auto rate = rate_of(trial, kind_)) return std::log(*rate * left);
  return log_full(MatrixXd{row})[0] + std::log(left / max_);
}

}  // namespace wattune::strategies
