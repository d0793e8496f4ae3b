#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wattune/trial/event.hpp"

namespace wattune::report {

/// How an assignment found the devices; what is not known is absent.
[[nodiscard]] nlohmann::ordered_json devices_json(const trial::DevicesSeen& seen);

}  // namespace wattune::report
