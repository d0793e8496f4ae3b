#pragma once

namespace wattune {

/// Ends the program with the broken condition and its place: the answer to a bug, never to bad
/// input.
[[noreturn]] void report_broken_requirement(const char* condition, const char* file, int line);

}  // namespace wattune

#define WATTUNE_REQUIRE(condition)    \
  ((condition) ? static_cast<void>(0) \
               : ::wattune::report_broken_requirement(#condition, __FILE__, __LINE__))
