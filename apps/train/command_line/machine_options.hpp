#pragma once

#include <cstdint>

#include "command_line/declarer.hpp"
#include "options.hpp"

namespace wattune::train {

/// Declares `--threads` and `--device`.
///
/// Takes    act  what is done there, as "train"
void declare_machine(Declarer declare, std::int64_t& threads, DeviceChoice& device,
                     const char* act);

}  // namespace wattune::train
