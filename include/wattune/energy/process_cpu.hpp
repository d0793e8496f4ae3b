#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <vector>

#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Reads the CPU time of a process and of everything it has started.
///
/// Children that have ended and were waited for are in their parent's total; those that ended
/// unseen between two reads keep the last value seen, and `reconcile` adds what the kernel reports
/// at the end.
///
/// Threads  one thread per object
/// Cost     a few small files of /proc for each live process of the tree
class ProcessTreeCpu {
 public:
  explicit ProcessTreeCpu(pid_t root, std::filesystem::path proc = "/proc");

  /// User and system time of the whole tree since the root started; never goes down.
  [[nodiscard]] Seconds read();
  /// Live processes of the tree as of the last read, the root first.
  [[nodiscard]] const std::vector<pid_t>& members() const { return members_; }
  /// The root has ended and the kernel reports `total` for it and its waited-for children.
  [[nodiscard]] Seconds reconcile(Seconds total);

 private:
  pid_t root_;
  std::filesystem::path proc_;
  std::vector<pid_t> members_;
  std::map<pid_t, Seconds> last_seen_;
  Seconds highest_;
};

/// CPU time of this process itself.
[[nodiscard]] Seconds own_cpu_time();

}  // namespace wattune::energy
