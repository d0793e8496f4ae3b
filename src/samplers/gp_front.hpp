#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "models.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::samplers {

/// The feasible rows whose means no other one dominates.
struct Front {
  std::vector<std::size_t> rows;
  std::vector<std::vector<double>> losses;  ///< [rows][losses] Means.
};

/// Requires a feasible row, as do the functions below.
[[nodiscard]] Front front_of(const Models& models);
/// The smallest mean of one loss, pending rows included.
[[nodiscard]] double best_mean(const Models& models);

/// A quarter of the front's range beyond its worst. Where the front is narrow in a loss, half
/// of the feasible means' range stands for its own: with the front's alone a search that has met
/// one end of it stays there.
///
/// Source   Ax 0.4, infer_reference_point
[[nodiscard]] std::vector<double> inferred_reference(const Models& models, const Front& front);
/// On the scale of the models: the point given, one number per objective in its own unit, else the
/// inferred one.
[[nodiscard]] std::vector<double> reference_of(const Models& models, const Front& front,
                                               const std::optional<std::vector<double>>& given,
                                               const trial::Problem& problem);

/// The feasible rows that may be on the front, as joint samples say, and the pending ones.
///
/// Gives    [rows x columns]
/// Source   pruning: Daulton, Balandat, Bakshy, NeurIPS 2021, arXiv:2105.08195, as in BoTorch
[[nodiscard]] Eigen::MatrixXd baseline_of(const Models& models, std::uint64_t seed);

/// Observed rows that are worth a look around: of the front, or where the acquisition is largest
/// while nothing is feasible. Needs no feasible row.
[[nodiscard]] std::vector<std::size_t> good_rows(const Models& models,
                                                 const Acquisition& acquisition, std::size_t most);

}  // namespace wattune::samplers
