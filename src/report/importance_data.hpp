#pragma once

#include <cstddef>
#include <vector>

#include "wattune/math/regression_forest.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// A trial with the value that is to be explained.
struct Observed {
  const trial::Trial* trial = nullptr;
  double value = 0.0;
};

/// Parameters that apply in exactly the same trials, with all that applies in all of these.
struct ParameterGroup {
  std::vector<std::size_t> members;     ///< Positions in the space; vary among the rows.
  std::vector<std::size_t> parameters;  ///< The features, members among them; all vary.
  std::vector<std::size_t> rows;        ///< Positions among the observed.
};

/// Groups of the parameters that vary, in the order of their first member.
[[nodiscard]] std::vector<ParameterGroup> parameter_groups(const trial::Problem& problem,
                                                           const std::vector<Observed>& observed);

/// Parameters (constants aside) that apply in some trial and have one value in all of them.
[[nodiscard]] std::vector<std::size_t> never_varied(const trial::Problem& problem,
                                                    const std::vector<Observed>& observed);

/// The group as the numerics see it: coordinates of the unit cube, choices without order by their
/// position.
[[nodiscard]] math::RegressionData regression_data(const trial::Problem& problem,
                                                   const std::vector<Observed>& observed,
                                                   const ParameterGroup& group);

}  // namespace wattune::report
