#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "acquisition.hpp"
#include "features.hpp"
#include "wattune/math/gaussian_process.hpp"
#include "wattune/math/posterior.hpp"

namespace wattune::samplers {

/// What a sampler believes of a study, as fronts and acquisitions ask for it. Losses are those of a
/// full training, on a scale of the models' own.
class Models {
 public:
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;
  virtual ~Models() = default;

  /// One for each loss.
  [[nodiscard]] virtual std::vector<const math::Posterior*> loss_processes() const = 0;
  /// Constraints, and success where trials failed.
  [[nodiscard]] virtual std::vector<Bound> bounds() const = 0;

  /// Rows of the observed configurations: [n x d], and the trials they are of.
  [[nodiscard]] virtual const Eigen::MatrixXd& rows() const = 0;
  [[nodiscard]] virtual const std::vector<std::uint32_t>& trials() const = 0;
  [[nodiscard]] virtual const Eigen::MatrixXd& pending_rows() const = 0;
  /// Which of the rows keep the constraints; ascending.
  [[nodiscard]] virtual const std::vector<std::size_t>& feasible() const = 0;
  /// A point of losses, lower is better, on the scale of the processes.
  [[nodiscard]] virtual std::vector<double> on_scale(std::span<const double> losses) const = 0;

  [[nodiscard]] std::size_t num_losses() const { return loss_processes().size(); }
  /// Means of all losses at rows: [rows][losses].
  [[nodiscard]] std::vector<std::vector<double>> means_at(const Eigen::MatrixXd& rows) const;

 protected:
  Models() = default;
};

/// The success of trials as a process of 0 (it went well) and 1 (it failed).
[[nodiscard]] math::GaussianProcess success_process(const Features& features,
                                                    const Eigen::MatrixXd& good_rows,
                                                    const Eigen::MatrixXd& failed_rows);

}  // namespace wattune::samplers
