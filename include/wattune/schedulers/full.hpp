#pragma once

#include <memory>

#include "wattune/schedulers/scheduler.hpp"

namespace wattune::schedulers {

/// Takes every trial to a full training.
[[nodiscard]] std::unique_ptr<Scheduler> make_full(const trial::Resource& resource);

}  // namespace wattune::schedulers
