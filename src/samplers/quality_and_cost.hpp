#pragma once

#include <array>
#include <span>
#include <vector>

#include "wattune/samplers/gp.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::samplers {

/// One loss for each pair of losses: the first is the quality's, the second the cost's.
///
/// A cost that is maximised, as samples per joule are, counts by its reciprocal. Where a product
/// asks for positive numbers, others are taken as just above 0.
///
/// Takes    losses  [n][2];  objectives  [2]
/// Source   product: Dou et al., ICLR 2023 (EA-HAS-Bench); the others: docs/papers.md
[[nodiscard]] std::vector<double> scalar_losses(std::span<const std::vector<double>> losses,
                                                std::span<const trial::Objective> objectives,
                                                const Scalarisation& scalarisation);

}  // namespace wattune::samplers
