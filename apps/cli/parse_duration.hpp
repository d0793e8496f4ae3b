#pragma once

#include <string>

#include "command.hpp"
#include "wattune/base/units.hpp"

namespace wattune::cli {

/// Reads "5", "5 s", "2min"; a bare number is seconds.
///
/// Errors   CommandError  with `status`; names the option
[[nodiscard]] Seconds parse_duration(const std::string& text, const char* option,
                                     ExitStatus status = ExitStatus::BadInput);

}  // namespace wattune::cli
