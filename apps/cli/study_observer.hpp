#pragma once

#include <memory>
#include <string>

#include "wattune/study/study.hpp"

namespace wattune::cli {

/// Draws the live view of a study on a terminal; says so when `stop`, which is lent, asks for an
/// end.
[[nodiscard]] std::unique_ptr<study::Observer> make_live_observer(const study::StopSignal& stop);

/// Prints one line for everything that happens, for pipes and logs; `stop` as above.
[[nodiscard]] std::unique_ptr<study::Observer> make_plain_observer(const study::StopSignal& stop);

}  // namespace wattune::cli
