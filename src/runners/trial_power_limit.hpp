#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wattune/energy/power_limit.hpp"
#include "wattune/space/space.hpp"

namespace wattune::runners {

/// The power limit that a configuration asks for; nothing where no parameter has that role, or the
/// one that has it is inactive.
[[nodiscard]] std::optional<Watts> power_limit_in(const space::Space& space,
                                                  const space::Configuration& configuration);

/// Sets the limit of a configuration on the GPUs of a trial. Without a control, or without a limit
/// in the configuration, nothing is done.
///
/// Errors   as PowerLimitControl::set; what was set until then is put back by `unlimit_power`
[[nodiscard]] Result<void> limit_power(energy::PowerLimitControl* control,
                                       const space::Space& space,
                                       const space::Configuration& configuration,
                                       const std::vector<std::string>& gpus);

/// Puts back what was there before; gives lines on what could not be, each after a line break.
[[nodiscard]] std::string unlimit_power(energy::PowerLimitControl* control,
                                        const std::vector<std::string>& gpus);

}  // namespace wattune::runners
