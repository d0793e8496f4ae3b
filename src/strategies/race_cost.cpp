#include "race_cost.hpp"

#include <Eigen/Cholesky>
#include <cmath>
#include <vector>

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

constexpr double kRidge = 0.3;

/// A trial's reports that a regression is made on: where the resource has doubled.
std::vector<std::size_t> spread_reports(const trial::Trial& trial) {
  std::vector<std::size_t> chosen;
  const auto reports = trial.reports();
  double next = 0.0;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].step < next && i + 1 < reports.size()) continue;
    chosen.push_back(i);
    next = 2.0 * reports[i].step;
  }
  return chosen;
}

bool has_energy(const trial::Trial& trial) {
  return !trial.reports().empty() && trial.reports().back().provenance != Provenance::Missing &&
         trial.reports().back().energy.count() > 0;
}

bool has_duration(const trial::Trial& trial) {
  return !trial.reports().empty() && trial.reports().back().duration_s > 0.0F;
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

RaceCost::RaceCost(const trial::History& history, const samplers::Features& features,
                   double first_rung)
    : max_(history.problem().resource.max), first_rung_(first_rung) {
  for (const trial::Trial& trial : history.trials()) {
    if (has_energy(trial)) kind_ = CostKind::Energy;
    if (kind_ == CostKind::Resource && has_duration(trial)) kind_ = CostKind::Duration;
  }
  std::vector<RowVectorXd> rows;
  std::vector<double> rates;
  for (const trial::Trial& trial : history.trials()) {
    if (trial.purpose() != trial::Purpose::Search) continue;
    const RowVectorXd row = features.row(trial.configuration());
    for (const std::size_t report : spread_reports(trial)) {
      const double step = trial.reports()[report].step;
      const auto cost = spent(trial, report);
      if (!cost || !(step > 0.0)) continue;
      rows.push_back(inputs(row, step));
      rates.push_back(std::log(*cost / step));
    }
  }
  const auto d = static_cast<Index>(features.num_columns());
  weights_ = VectorXd::Zero(2 * d + 1);
  if (rows.empty()) return;
  MatrixXd x(static_cast<Index>(rows.size()), weights_.size());
  for (std::size_t i = 0; i < rows.size(); ++i) x.row(static_cast<Index>(i)) = rows[i];
  VectorXd y = Eigen::Map<const VectorXd>(rates.data(), static_cast<Index>(rates.size()));
  const RowVectorXd x_mean = x.colwise().mean();
  x.rowwise() -= x_mean;
  const double y_mean = y.mean();
  y.array() -= y_mean;
  MatrixXd normal = x.transpose() * x;
  normal.diagonal().array() += kRidge;
  weights_ = normal.ldlt().solve(x.transpose() * y);
  offset_ = y_mean - x_mean * weights_;
}

std::optional<double> RaceCost::spent(const trial::Trial& trial, std::size_t report) const {
  const trial::Report& at = trial.reports()[report];
  double cost = at.step;
  if (kind_ == CostKind::Energy) {
    if (at.provenance == Provenance::Missing) return std::nullopt;
    cost = at.energy.joules().value();
  } else if (kind_ == CostKind::Duration) {
    cost = static_cast<double>(at.duration_s);
  }
  if (!(cost > 0.0)) return std::nullopt;
  return cost;
}

RowVectorXd RaceCost::inputs(const RowVectorXd& row, double step) const {
  RowVectorXd all(2 * row.size() + 1);
  all << row, row.array().square().matrix(), std::min(4.0, first_rung_ / step);
  return all;
}

VectorXd RaceCost::log_full(const MatrixXd& rows) const {
  VectorXd result(rows.rows());
  for (Index i = 0; i < rows.rows(); ++i) {
    result[i] = offset_ + inputs(rows.row(i), max_) * weights_ + std::log(max_);
  }
  return result;
}

double RaceCost::log_remaining(const trial::Trial& trial, double from,
                               const RowVectorXd& row) const {
  const double left = std::max(max_ - from, 1e-9 * max_);
  const auto reports = trial.reports();
  if (!reports.empty() && reports.back().step > 0.0) {
    if (const auto cost = spent(trial, reports.size() - 1)) {
      return std::log(*cost / reports.back().step * left);
    }
  }
  return log_full(MatrixXd{row})[0] + std::log(left / max_);
}

}  // namespace wattune::strategies
