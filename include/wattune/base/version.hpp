#pragma once

namespace wattune {

/// Version of the program, as in CMakeLists.txt; kept with every session and report.
[[nodiscard]] const char* version();

}  // namespace wattune
