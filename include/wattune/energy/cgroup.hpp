#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Where control groups are looked for; a test has its own trees.
struct CgroupRoots {
  std::filesystem::path mounts = "/sys/fs/cgroup";
  std::filesystem::path own_groups = "/proc/self/cgroup";
  /// There where systemd runs the machine: what it has not delegated is not ours even as root.
  std::filesystem::path systemd = "/run/systemd/system";
};

/// A control group of one trial: every process that is started in it stays in it, whatever it
/// does, and so does its CPU time.
///
/// Threads  one thread
class Cgroup {
 public:
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;
  /// Removes it; what still runs in it keeps it there.
  ~Cgroup();

  /// The file into which a new process writes "0" to enter; open as long as the group.
  [[nodiscard]] int entrance() const { return entrance_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// CPU time of all that ever ran in it.
  [[nodiscard]] Result<Seconds> cpu_time() const;
  [[nodiscard]] std::vector<pid_t> members() const;
  /// SIGKILL to all of them at once, where the kernel can (version 2, Linux 5.14). Gives whether.
  bool kill() const;

 private:
  friend class CgroupParent;
  Cgroup(std::filesystem::path folder, bool is_version_2, int entrance)
      : folder_(std::move(folder)), is_version_2_(is_version_2), entrance_(entrance) {}

  std::filesystem::path folder_;
  bool is_version_2_;
  int entrance_;
};

/// A group of this process's own in which it makes one for every trial.
///
/// Version 2 where this process's own group may be divided by it: it belongs to this user, or
/// systemd has delegated it, or no systemd is there. Otherwise `cpuacct` of version 1.
class CgroupParent {
 public:
  /// Finds the place, makes the group, and removes those of processes that have died.
  ///
  /// Errors   NotFound    no control groups that count CPU time
  ///          Permission  there are, but this process may not divide its own
  [[nodiscard]] static Result<CgroupParent> open(const CgroupRoots& roots = {});
  CgroupParent(CgroupParent&& other) noexcept;
  CgroupParent& operator=(CgroupParent&&) = delete;
  ~CgroupParent();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// "cgroup v2" or "cgroup v1", with the folder, for the report.
  [[nodiscard]] std::string describe() const;
  /// A new group, of that name or one like it, in which nothing has run yet.
  ///
  /// Errors   Transient  it cannot be made
  [[nodiscard]] Result<Cgroup> make(const std::string& name) const;

 private:
  CgroupParent(std::filesystem::path folder, bool is_version_2)
      : folder_(std::move(folder)), is_version_2_(is_version_2) {}

  std::filesystem::path folder_;
  bool is_version_2_;
};

}  // namespace wattune::energy
