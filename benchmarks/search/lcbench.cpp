#include "search/lcbench.hpp"

namespace wattune::bench {

SearchProblem lcbench_problem(std::shared_ptr<const LcBench> bench, const std::string& task) {
  const auto values = [bench, task](const space::Configuration& configuration) {
    return std::vector{100.0 -
                       bench->train(task, configuration, LcBench::kMaxEpoch).accuracy_percent};
  };
  return {.name = "lcbench_" + task, .space = bench->space(), .values = values};
}

}  // namespace wattune::bench
