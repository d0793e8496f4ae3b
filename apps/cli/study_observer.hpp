#pragma once

#include <memory>
#include <string>

#include "wattune/study/study.hpp"

namespace wattune::cli {

/// Draws the live view of a study on a terminal.
[[nodiscard]] std::unique_ptr<study::Observer> make_live_observer();

/// Prints one line for everything that happens, for pipes and logs.
[[nodiscard]] std::unique_ptr<study::Observer> make_plain_observer();

}  // namespace wattune::cli
