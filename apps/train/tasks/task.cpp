#include "tasks/task.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace wattune::train {

bool is_higher_better(const std::string& metric) {
  constexpr std::array<std::string_view, 2> kScores{"accuracy", "r2"};
  return std::ranges::any_of(
      kScores, [&](std::string_view score) { return metric.find(score) != std::string::npos; });
}

}  // namespace wattune::train
