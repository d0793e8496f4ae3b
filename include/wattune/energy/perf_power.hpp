#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "wattune/energy/counter.hpp"

namespace wattune::energy {

/// The system calls that a counter of perf needs; a test puts pipes and files in their place.
struct PerfCalls {
  /// Opens event `config` of the PMU `type` for everything on one CPU.
  /// Gives    a descriptor that a started program does not inherit, or minus the error number
  std::function<int(std::uint32_t type, std::uint64_t config, int cpu)> open;
  /// As read(2): the number of bytes, or -1 with errno.
  std::function<ssize_t(int file, void* bytes, std::size_t count)> read;
};

/// The kernel's own.
[[nodiscard]] PerfCalls kernel_perf_calls();

/// Energy of one count, from the text of an event's scale file in joules: exactly, so that
/// "2.3283064365386962890625e-10" is 15625 / 2^26 µJ, which is 2^-32 J.
[[nodiscard]] std::optional<TickEnergy> exact_tick(std::string_view joules_per_count);

}  // namespace wattune::energy
