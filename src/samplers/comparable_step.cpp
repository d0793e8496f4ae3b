#include "comparable_step.hpp"

namespace wattune::samplers {

std::optional<double> comparable_step(const std::map<double, std::size_t>& num_reached,
                                      std::size_t least) {
  std::size_t num_there = 0;
  for (auto step = num_reached.rbegin(); step != num_reached.rend(); ++step) {
    num_there += step->second;
    if (num_there >= least) return step->first;
  }
  if (num_reached.empty()) return std::nullopt;
  return num_reached.begin()->first;
}

}  // namespace wattune::samplers
