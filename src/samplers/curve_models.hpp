#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "evidence.hpp"
#include "features.hpp"
#include "models.hpp"
#include "wattune/math/curve_process.hpp"

namespace wattune::samplers {

/// From a measure's own unit to what a CurveProcess is made of, monotonically: the median of all
/// values is 0, the lowest -1, and what lies further above the median than that is pulled in by a
/// logarithm. Needs no range of the measure.
class CurveScale {
 public:
  enum class Shape : std::uint8_t {
    Squashed,
    Logarithmic,  ///< The logarithm first; Squashed where a value is not above 0.
    Linear,       ///< Nothing is pulled in.
  };
  /// Takes    values  finite, at least one
  CurveScale(std::span<const double> values, Shape shape);

  [[nodiscard]] double operator()(double value) const;

 private:
  bool is_log_ = false;
  bool is_squashed_ = true;
  double median_ = 0.0;
  double unit_ = 1.0;
};

struct CurveModelOptions {
  math::KernelFamily configuration_family = math::KernelFamily::Matern52;
  math::KernelFamily resource_family = math::KernelFamily::Rbf;
  std::size_t max_rows = 260;  ///< Values of curves that a model is made of.
  math::CurveFitOptions fit;
};

/// What partial curves tell: one CurveProcess for each loss and each constraint, and the success of
/// trials.
///
/// A curve is read at the rungs min, 3 min, 9 min, ... and at its end. Of more than `max_rows`
/// values half are the best ones, later ones preferred, the rest an even spread. Measures that grow
/// with every step (energy, duration, carbon, cost) are projected to a full training first. Trials
/// that failed are infeasible; their curves are left out.
class CurveModels final : public Models {
 public:
  CurveModels(const trial::History& history, const Features& features,
              const CurveModelOptions& options);

  /// Is there too little to make a model of? Then nothing else may be asked.
  [[nodiscard]] bool is_empty() const { return trials_.size() < 2; }

  /// Believes that trials which have not had a full training end as predicted; for acquisitions
  /// that draw no joint samples.
  void add_unfinished_to_losses();
  /// Believes that pending trials break every constraint, or else all would be asked for there.
  void add_pending_to_bounds();

  [[nodiscard]] std::vector<const math::Posterior*> loss_processes() const override;
  [[nodiscard]] std::vector<Bound> bounds() const override;
  [[nodiscard]] const Eigen::MatrixXd& rows() const override { return rows_; }
  [[nodiscard]] const std::vector<std::uint32_t>& trials() const override { return trials_; }
  [[nodiscard]] const Eigen::MatrixXd& pending_rows() const override { return pending_rows_; }
  [[nodiscard]] const std::vector<std::size_t>& feasible() const override { return feasible_; }
  [[nodiscard]] std::vector<double> on_scale(std::span<const double> losses) const override;
  /// The largest share that noise has in a loss's variance.
  [[nodiscard]] double noise_share() const;

 private:
  struct Value {
    std::size_t row = 0;      // of rows_
    double resource = 0.0;    // log scale, 0 to 1
    Observation observation;  // costs projected
  };
  struct Modelled {
    CurveScale scale;
    math::CurveProcess process;
  };
  struct BoundModel {
    Modelled model;
    std::optional<double> min;  // on the scale
    std::optional<double> max;
  };

  void read(const trial::History& history);
  void thin(std::size_t max_rows);
  void make_losses(const trial::Problem& problem);
  void make_bounds(const trial::Problem& problem);
  void find_feasible(const trial::Problem& problem);
  [[nodiscard]] Modelled model_of(std::span<const std::size_t> used, std::span<const double> values,
                                  CurveScale::Shape shape) const;

  const Features& features_;
  CurveModelOptions options_;
  Eigen::MatrixXd rows_;
  std::vector<std::uint32_t> trials_;
  std::vector<bool> is_finished_;  // [trials] Had a full training.
  Eigen::MatrixXd pending_rows_;
  std::vector<std::size_t> feasible_;
  std::vector<Value> values_;
  std::vector<Modelled> losses_;
  std::vector<BoundModel> bounds_;
  std::unique_ptr<math::GaussianProcess> success_;  // of 0: it went well, 1: it failed
};

}  // namespace wattune::samplers
