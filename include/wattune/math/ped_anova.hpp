#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wattune/math/functional_anova.hpp"
#include "wattune/math/regression_forest.hpp"

namespace wattune::math {

/// How far the density of each feature among the good rows is from that among all rows: Pearson
/// divergences, 0 where a feature is spread alike in both.
///
/// Numbers have kernel densities, cut off at 0 and 1, on 50 cells; choices have their frequencies.
///
/// Takes    inputs  as RegressionData::inputs; `all` and `good` are rows of it, with repeats
/// Gives    [num_features]
/// Source   Watanabe, Bansal, Hutter: PED-ANOVA, IJCAI 2023, arXiv:2304.10255, section 3
[[nodiscard]] std::vector<double> pearson_divergences(const RegressionData& data,
                                                      std::span<const std::size_t> all,
                                                      std::span<const std::size_t> good);

struct PedAnovaOptions {
  std::size_t num_good = 10;       ///< Rows with the lowest targets: the good ones.
  std::size_t num_resamples = 64;  ///< For the spread.
};

/// What being among the good rows depends on: the divergences as shares of their sum.
///
/// `mean` is the share in the data as they are; `low` and `high` are from rows drawn anew with
/// replacement, the good ones and the others apart.
///
/// Takes    data  0 < num_good < num_rows
/// Gives    [num_features]; nothing where no feature differs
/// Differs  from the source: compared with the rows at hand, not with a uniform density, so that a
///          sampler's favourite places are not taken for what is good; the spread is ours
[[nodiscard]] std::optional<std::vector<ShareSpread>> ped_anova(const RegressionData& data,
                                                                const PedAnovaOptions& options,
                                                                std::uint64_t seed);

}  // namespace wattune::math
