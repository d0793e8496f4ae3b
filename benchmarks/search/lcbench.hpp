#pragma once

#include <memory>
#include <string>

#include "search/problems.hpp"
#include "wattune/recorded/lcbench.hpp"

namespace wattune::bench {

using recorded::LcBench;

/// The error in percent after 52 epochs of one task, to be minimised.
[[nodiscard]] SearchProblem lcbench_problem(std::shared_ptr<const LcBench> bench,
                                            const std::string& task);

}  // namespace wattune::bench
