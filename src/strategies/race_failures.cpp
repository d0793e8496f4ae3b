#include "race_failures.hpp"

#include <cmath>
#include <utility>

namespace wattune::strategies {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

/// Squared width of the kernel for each column: two random points of a cube are about two widths
/// apart.
constexpr double kSquaredWidth = 0.05;

double nearness(const MatrixXd& rows, const RowVectorXd& row) {
  if (rows.rows() == 0) return 0.0;
  const double width = kSquaredWidth * static_cast<double>(row.size());
  const VectorXd distances = (rows.rowwise() - row).rowwise().squaredNorm();
  return (-0.5 * distances.array() / width).exp().sum();
}

}  // namespace

RaceFailures::RaceFailures(MatrixXd good, MatrixXd failed)
    : good_(std::move(good)), failed_(std::move(failed)) {}

VectorXd RaceFailures::log_success(const MatrixXd& rows) const {
  VectorXd result = VectorXd::Zero(rows.rows());
  if (failed_.rows() == 0) return result;
  for (Index i = 0; i < rows.rows(); ++i) {
    const double good = 1.0 + nearness(good_, rows.row(i));
    result[i] = std::log(good / (good + nearness(failed_, rows.row(i))));
  }
  return result;
}

}  // namespace wattune::strategies
