#include "wattune/config/known_names.hpp"

#include <vector>

namespace wattune::config {

using Names = std::vector<std::string>;

std::span<const std::string> known_joint_strategies() {
  static const Names names{"auto", "race", "sm2"};
  return names;
}

std::span<const std::string> known_parameter_types() {
  static const Names names{"bool", "categorical", "constant", "float", "int", "ordinal"};
  return names;
}

std::span<const std::string> known_roles() {
  static const Names names{"batch_size", "gpu_power_limit", "learning_rate"};
  return names;
}

std::span<const std::string> known_resource_units() {
  static const Names names{"epochs", "joules", "samples", "seconds", "steps"};
  return names;
}

std::span<const std::string> known_measures() {
  static const Names names{"carbon",
                           "cost",
                           "duration",
                           "energy",
                           "energy.PHASE",
                           "joules_per_sample.PHASE",
                           "samples_per_joule.PHASE"};
  return names;
}

std::span<const std::string> known_placeholders() {
  static const Names names{"checkpoint_dir", "config", "resource_max",
                           "resource_to",    "seed",   "trial"};
  return names;
}

}  // namespace wattune::config
