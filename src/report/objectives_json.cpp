#include "objectives_json.hpp"

#include <nlohmann/json.hpp>

namespace wattune::report {

nlohmann::ordered_json objectives_json(const trial::Problem& problem) {
  auto list = nlohmann::ordered_json::array();
  for (const trial::Objective& objective : problem.objectives) {
    list.push_back(
        {{"name", to_text(objective.measure)},
         {"direction", objective.direction == trial::Direction::Maximize ? "maximize" : "minimize"},
         {"unit", unit_of(objective.measure, trial::currency_of(problem.tariff))}});
  }
  return list;
}

}  // namespace wattune::report
