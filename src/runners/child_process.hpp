#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::runners {

/// What a new process gets.
struct ChildSpec {
  std::vector<std::string> arguments;  ///< Program first, as written in the command.
  std::map<std::string, std::string> environment;
  std::filesystem::path working_directory;
  std::vector<int> cores;  ///< Affinity.
  int stdout_fd = -1;
  int stderr_fd = -1;
  int channel_fd = -1;
  int group_fd = -1;  ///< `cgroup.procs` of the group it is to run in.
};

/// The number of the channel in every child.
inline constexpr int kChannelNumber = 3;

struct Child {
  pid_t pid = -1;
  Descriptor pidfd;          ///< Readable once the process has ended.
  bool is_in_group = false;  ///< It has entered the control group before its program began.
};

/// How a process ended and the CPU time of it and of the children it waited for.
struct ChildExit {
  std::optional<int> status;  ///< Where it exited.
  std::optional<int> signal;  ///< Where a signal ended it.
  Seconds cpu_time;
};

/// Starts a program as leader of its own session; it gets no other descriptors, default signals,
/// and SIGKILL when the calling thread ends.
///
/// Errors   NotFound    no such program; names it and PATH
///          Permission  it cannot be executed
///          Invalid     other failures of exec
///          Transient   the machine is out of processes or memory
[[nodiscard]] Result<Child> start_child(const ChildSpec& spec);

/// Whether the process has ended; it stays a zombie, so that its number is not used again.
[[nodiscard]] bool has_ended(pid_t pid);

/// Takes the exit status of a child that has ended.
[[nodiscard]] std::optional<ChildExit> reap(pid_t pid);

/// A descriptor that becomes readable when the process ends; closed where there is none.
[[nodiscard]] Descriptor open_pidfd(pid_t pid);

}  // namespace wattune::runners
