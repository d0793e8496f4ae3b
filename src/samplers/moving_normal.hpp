#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <span>
#include <vector>

#include "wattune/base/random.hpp"

namespace wattune::samplers {

// Symbols, as in Hansen's tutorial: d dimension; lambda population; y a step in units of sigma;
// C covariance of the steps; A scales of single coordinates, which the margin sets.

/// Learning rates and weights of one population size.
struct CmaRates {
  /// Requires dimension >= 1 and population >= 4.
  CmaRates(std::size_t dimension, std::size_t population);

  std::vector<double> weights;   ///< [population], the best first; the first half adds up to 1.
  double effective_size = 1.0;   ///< Of the first half.
  double path_rate = 0.0;        ///< c_c
  double step_rate = 0.0;        ///< c_sigma
  double step_damping = 1.0;     ///< d_sigma
  double rank_one_rate = 0.0;    ///< c_1
  double rank_mu_rate = 0.0;     ///< c_mu
  double expected_length = 1.0;  ///< Of a standard normal vector.
};

/// Where a coordinate's values meet: the ends of their parts of [0, 1]; empty if continuous.
using Edges = std::vector<double>;

/// The normal distribution of CMA-ES with margin over the unit cube.
///
/// Source   Hansen, 2016, arXiv:1604.00772; Hamano et al., GECCO 2022
class MovingNormal {
 public:
  MovingNormal(std::size_t population, std::vector<Edges> edges, Eigen::VectorXd mean,
               double deviation);

  [[nodiscard]] std::size_t dimension() const { return edges_.size(); }
  [[nodiscard]] const CmaRates& rates() const { return rates_; }
  [[nodiscard]] const Eigen::VectorXd& mean() const { return mean_; }
  /// Standard deviation of one coordinate.
  [[nodiscard]] double deviation(std::size_t coordinate) const;
  /// Ratio of the longest to the shortest axis, squared.
  [[nodiscard]] double condition() const;

  /// A point of the cube: drawn again a few times where it lies outside, then clipped.
  [[nodiscard]] Eigen::VectorXd draw(Rng& rng) const;

  /// A coordinate that the value between two ends might have been drawn at: `quantile` of the
  /// distribution's part there.
  [[nodiscard]] double within(std::size_t coordinate, double low, double high,
                              double quantile) const;

  /// Learns from a generation.
  ///
  /// Takes    points  [population], the best first; num_ranked  how many of them, from the first
  ///          on, may attract; at least 1
  void learn(std::span<const Eigen::VectorXd> points, std::size_t num_ranked);

 private:
  [[nodiscard]] Eigen::VectorXd whitened(const Eigen::VectorXd& step) const;
  void move_paths(const Eigen::VectorXd& mean_step);
  void bend(std::span<const Eigen::VectorXd> steps, std::span<const double> weights);
  void find_axes();
  void keep_margin();
  void keep_margin_at_end(std::size_t coordinate, double edge, double margin);
  void keep_margin_between(std::size_t coordinate, double low, double high, double margin);

  CmaRates rates_;
  std::vector<Edges> edges_;
  Eigen::VectorXd mean_;
  double sigma_;
  Eigen::VectorXd scales_;      // A
  Eigen::MatrixXd covariance_;  // C
  Eigen::MatrixXd axes_;        // columns: eigenvectors of C
  Eigen::VectorXd lengths_;     // roots of its eigenvalues
  Eigen::VectorXd path_;        // p_c
  Eigen::VectorXd step_path_;   // p_sigma
  bool has_long_path_ = false;  // h_sigma is 0
  std::size_t num_generations_ = 0;
};

}  // namespace wattune::samplers
