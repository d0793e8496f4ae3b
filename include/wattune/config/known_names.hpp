#pragma once

#include <span>
#include <string>

namespace wattune::config {

/// Every name that a study file can choose from, sorted.
[[nodiscard]] std::span<const std::string> known_samplers();
[[nodiscard]] std::span<const std::string> known_schedulers();
[[nodiscard]] std::span<const std::string> known_stop_rules();
/// Strategies that are not composed of a sampler and a scheduler.
[[nodiscard]] std::span<const std::string> known_joint_strategies();
[[nodiscard]] std::span<const std::string> known_parameter_types();
[[nodiscard]] std::span<const std::string> known_roles();
[[nodiscard]] std::span<const std::string> known_resource_units();
/// What an objective can be besides a metric; `PHASE` stands for a phase's name.
[[nodiscard]] std::span<const std::string> known_measures();
/// What a command can contain besides `{parameter}`.
[[nodiscard]] std::span<const std::string> known_placeholders();

}  // namespace wattune::config
