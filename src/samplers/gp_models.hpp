#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "acquisition.hpp"
#include "evidence.hpp"
#include "features.hpp"
#include "models.hpp"
#include "narrowed_posterior.hpp"
#include "output_transform.hpp"
#include "wattune/samplers/gp.hpp"

namespace wattune::samplers {

/// One measure of a study as a Gaussian process over features.
struct OutputModel {
  OutputTransform transform;
  math::GaussianProcess process;
  bool has_known_noise = false;
};

/// What is believed of a function before it is observed.
struct Belief {
  GpKernel kernel = GpKernel::Rbf;
  double deviation = 1.0;  ///< As a share of what is observed.
};

[[nodiscard]] math::KernelFamily family_of(GpKernel kernel);
/// The kernel that was asked for, or the one that searches best with so many losses.
[[nodiscard]] GpKernel kernel_of_losses(const GpOptions& options, std::size_t num_losses);

/// What a sampler believes of a study: a process for each loss, each constraint, success and cost.
///
/// Several objectives become one loss where they are scalarised. Trials that were cut short are in
/// the losses' processes with the larger of the predicted loss and the median of those observed.
class GpModels final : public Models {
 public:
  /// Takes    evidence  with one observation at least
  GpModels(const trial::History& history, const Evidence& evidence, const Features& features,
           const GpOptions& options);

  /// Believes that pending trials end as predicted; for acquisitions that draw no joint samples.
  void add_pending_to_losses();
  /// Believes that pending trials break every constraint, or else all would be asked for there.
  void add_pending_to_bounds();

  /// Takes all losses for surer than they are from here on: their deviations times a share.
  void narrow_losses(double share);

  [[nodiscard]] std::vector<const math::Posterior*> loss_processes() const override;
  /// The largest share that noise has in a loss.
  [[nodiscard]] double noise_share() const;

  /// Constraints, and success where trials failed.
  [[nodiscard]] std::vector<Bound> bounds() const override;
  [[nodiscard]] const math::GaussianProcess* log_cost() const {
    return log_cost_ ? &*log_cost_ : nullptr;
  }

  /// Rows of the observed configurations: [n x d], and the trials they are of.
  [[nodiscard]] const Eigen::MatrixXd& rows() const override { return rows_; }
  [[nodiscard]] const std::vector<std::uint32_t>& trials() const override { return trials_; }
  [[nodiscard]] const Eigen::MatrixXd& pending_rows() const override { return pending_rows_; }
  /// Which of the rows keep the constraints; ascending.
  [[nodiscard]] const std::vector<std::size_t>& feasible() const override { return feasible_; }
  /// A point of losses, lower is better, on the scale of the processes.
  [[nodiscard]] std::vector<double> on_scale(std::span<const double> losses) const override;

 private:
  [[nodiscard]] OutputModel model_of(const Eigen::MatrixXd& rows, std::span<const double> values,
                                     const std::vector<std::optional<double>>& variances,
                                     const TransformOptions& transform, const Belief& believed,
                                     std::span<const double> keep = {}) const;
  [[nodiscard]] bool is_evened_out(const std::vector<double>& losses) const;
  void make_losses(const trial::Problem& problem, const std::vector<Observation>& observed);
  [[nodiscard]] OutputModel loss_model(const trial::Problem& problem,
                                       const std::vector<Observation>& observed,
                                       std::size_t k) const;
  void penalise(const trial::Problem& problem, const std::vector<Observation>& observed);
  void make_bounds(const trial::Problem& problem, const std::vector<Observation>& observed);
  void make_success(const trial::History& history, const Evidence& evidence);
  void make_log_cost(const trial::History& history, const Evidence& evidence);
  void add_cut_short(const Eigen::MatrixXd& rows);
  [[nodiscard]] Eigen::MatrixXd rows_of(const trial::History& history,
                                        std::span<const std::uint32_t> trials) const;

  const Features& features_;
  const GpOptions& options_;
  Eigen::MatrixXd rows_;
  std::vector<std::uint32_t> trials_;
  Eigen::MatrixXd pending_rows_;
  std::vector<std::size_t> feasible_;
  Belief believed_;                // of the losses
  std::vector<double> penalties_;  // [n]; none: no penalty
  std::vector<OutputModel> losses_;
  std::vector<std::unique_ptr<NarrowedPosterior>> narrowed_;  // by loss, or none
  struct BoundModel {
    OutputModel model;
    std::optional<double> min;
    std::optional<double> max;
  };
  std::vector<BoundModel> bounds_;
  std::optional<math::GaussianProcess> success_;  // of 0: it went well, 1: it failed
  std::optional<math::GaussianProcess> log_cost_;
};

}  // namespace wattune::samplers
