#pragma once

#include <cstdint>

namespace wattune::energy {

// A forked child has no sampler thread, and must not hold the locks of its parent's files: they
// would outlive the parent.

/// How many forks lie between the start of the program and this process.
[[nodiscard]] std::uint64_t fork_depth();

/// Closes the descriptor in every child that this process forks.
void close_in_forked_children(int file);
/// Gives false where that has happened in this process: the number may be another file's by now.
[[nodiscard]] bool forget_in_forked_children(int file);
[[nodiscard]] bool is_forked_copy(int file);

}  // namespace wattune::energy
