#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wattune/trial/event.hpp"

namespace wattune::storage {

/// What a row keeps of the devices: JSON in degrees Celsius, hertz, watts and seconds, without what
/// is not known.
///
///   {"cpu": {"temperature", "clock", "governor"},
///    "gpus": [{"uuid", "temperature", "clock", "power_limit"}],
///    "cooldown": {"waited", "reached", "reference": [["cpu", 38.0], ...]}}
[[nodiscard]] std::string devices_text(const trial::DevicesSeen& seen);

/// Without the trial; nothing where the text is no such JSON. Unknown keys are ignored.
[[nodiscard]] std::optional<trial::DevicesSeen> devices_from_text(std::string_view text);

/// The same of how an assignment was metered, without its trial and energy.
[[nodiscard]] std::string metering_text(const trial::AssignmentMetered& metered);
[[nodiscard]] std::optional<trial::AssignmentMetered> metering_from_text(std::string_view text);

}  // namespace wattune::storage
