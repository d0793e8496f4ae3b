#include "models.hpp"

#include <optional>
#include <utility>

namespace wattune::samplers {

std::vector<std::vector<double>> Models::means_at(const Eigen::MatrixXd& rows) const {
  std::vector<std::vector<double>> means(static_cast<std::size_t>(rows.rows()));
  if (means.empty()) return means;
  for (const math::Posterior* process : loss_processes()) {
    const Eigen::VectorXd column = process->predict_means(rows);
    for (std::size_t i = 0; i < means.size(); ++i) {
      means[i].push_back(column[static_cast<Eigen::Index>(i)]);
    }
  }
  return means;
}

math::GaussianProcess success_process(const Features& features, const Eigen::MatrixXd& good_rows,
                                      const Eigen::MatrixXd& failed_rows) {
  math::GpData data{Eigen::MatrixXd(good_rows.rows() + failed_rows.rows(), good_rows.cols()),
                    Eigen::VectorXd(good_rows.rows() + failed_rows.rows()), std::nullopt};
  data.points << good_rows, failed_rows;
  data.values << Eigen::VectorXd::Zero(good_rows.rows()), Eigen::VectorXd::Ones(failed_rows.rows());
  const math::KernelShape shape = features.shape(math::KernelFamily::Matern52);
  math::GpHyperparameters fitted = math::GaussianProcess::fit(shape, data, {});
  return {shape, std::move(data), std::move(fitted)};
}

}  // namespace wattune::samplers
