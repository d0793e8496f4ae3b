#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace wattune::runners {

/// Counts the processes that the kernel has ended for memory.
class OomCounter {
 public:
  /// Reads the given files; where there are none, those of this process's memory cgroup and
  /// /proc/vmstat.
  explicit OomCounter(std::vector<std::filesystem::path> files);

  /// Grows with every such end; 0 where nothing can be read.
  [[nodiscard]] std::uint64_t read() const;

 private:
  std::vector<std::filesystem::path> files_;
};

}  // namespace wattune::runners
