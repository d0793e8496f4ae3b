#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/space/space.hpp"

namespace wattune::recorded {

/// Finds the numbers that a surrogate wants among the parameters of a study.
class NumberInputs {
 public:
  /// Takes    study     the space of the study
  ///          recorded  parameters of the surrogate with their ranges
  ///          name      of the surrogate, for messages
  /// Errors   ConfigError  the study lacks a parameter, has it only sometimes, as something else
  ///          than a number, or beyond the surrogate's range
  NumberInputs(const space::Space& study, const space::Space& recorded, std::string_view name);

  [[nodiscard]] std::map<std::string, double> values_of(
      const space::Configuration& configuration) const;

 private:
  struct Input {
    std::string name;
    std::size_t index = 0;             // of the parameter in the study
    std::vector<double> choices = {};  // what the choices mean, where it is a list
  };
  std::vector<Input> inputs_;
};

}  // namespace wattune::recorded
