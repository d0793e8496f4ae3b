#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Reads the CPU time of a process and of everything it has started.
///
/// Children that have ended and were waited for are in their parent's total; those that ended
/// unseen between two reads keep the last value seen, and `reconcile` adds what the kernel reports
/// at the end. A process that was seen in the tree stays in it when its parent ends first.
///
/// Threads  one thread per object
/// Cost     a few small files of /proc for each live process of the tree; where the kernel keeps no
///          lists of children, one small file for each process of the machine
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
  struct Process {
    pid_t parent = 0;
    std::uint64_t started = 0;  ///< Tells a process from a later one with the same number.
    Seconds own;
    Seconds waited;  ///< Of children that have ended and were waited for.
    bool is_alive = true;
    std::size_t num_threads = 1;
  };
  using Processes = std::map<pid_t, Process>;

  [[nodiscard]] bool read_process(pid_t pid, Process& process) const;
  void add_with_children(pid_t pid, Processes& found);
  [[nodiscard]] std::vector<pid_t> children_of(pid_t pid, std::size_t num_threads) const;
  [[nodiscard]] Processes find_tree();
  [[nodiscard]] std::multimap<pid_t, pid_t> children_by_parent() const;
  [[nodiscard]] pid_t heir_of(pid_t pid, const Processes& now) const;
  void keep_vanished(const Processes& now);

  pid_t root_;
  std::filesystem::path proc_;
  bool has_child_lists_;
  std::multimap<pid_t, pid_t> scanned_children_;  ///< Of this read, without lists of children.
  std::vector<pid_t> members_;
  Processes seen_;
  Seconds gone_;            ///< Of vanished processes that nobody waited for.
  Seconds gone_with_root_;  ///< Of the root and what vanished with it, until it is reconciled.
  Seconds highest_;
};

/// When a living process started, in clock ticks since the machine did: tells it from a later one
/// with the same number. Nothing where it has ended, as a zombie too.
[[nodiscard]] std::optional<std::uint64_t> process_started(
    pid_t pid, const std::filesystem::path& proc = "/proc");

/// CPU time of this process itself.
[[nodiscard]] Seconds own_cpu_time();

}  // namespace wattune::energy
