#pragma once

#include "wattune/math/posterior.hpp"

namespace wattune::samplers {

/// A posterior that is taken for surer than it is: the same means, all deviations times a share.
class NarrowedPosterior final : public math::Posterior {
 public:
  /// Takes    wide  outlives the object;  share  of its deviations, above 0
  NarrowedPosterior(const math::Posterior& wide, double share)
      : wide_(wide), share_(share * share) {}

  [[nodiscard]] math::Predictions predict(const Eigen::MatrixXd& points) const override {
    math::Predictions result = wide_.predict(points);
    result.variances *= share_;
    return result;
  }
  [[nodiscard]] math::PredictionGradients predict_with_gradient(
      const Eigen::MatrixXd& points) const override {
    math::PredictionGradients result = wide_.predict_with_gradient(points);
    result.variances *= share_;
    result.variance_gradients *= share_;
    return result;
  }
  [[nodiscard]] Eigen::VectorXd predict_means(const Eigen::MatrixXd& points) const override {
    return wide_.predict_means(points);
  }
  [[nodiscard]] math::JointPrediction predict_jointly(
      const Eigen::MatrixXd& points) const override {
    math::JointPrediction result = wide_.predict_jointly(points);
    result.covariance *= share_;
    return result;
  }
  [[nodiscard]] math::Anchors anchor(const Eigen::MatrixXd& points) const override {
    return wide_.anchor(points);
  }
  [[nodiscard]] Eigen::MatrixXd covariance(const math::Anchors& anchors,
                                           const Eigen::MatrixXd& points) const override {
    return share_ * wide_.covariance(anchors, points);
  }
  [[nodiscard]] math::CovarianceGradient covariance_with_gradient(
      const math::Anchors& anchors, const Eigen::RowVectorXd& point) const override {
    math::CovarianceGradient result = wide_.covariance_with_gradient(anchors, point);
    result.values *= share_;
    result.gradient *= share_;
    return result;
  }
  [[nodiscard]] double smallest_variance() const override {
    return share_ * wide_.smallest_variance();
  }

 private:
  const math::Posterior& wide_;
  double share_;  // of variances
};

}  // namespace wattune::samplers
