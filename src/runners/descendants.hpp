#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wattune::runners {

/// The variable that marks every process of a trial with the trial's folder.
inline constexpr const char* kMarkVariable = "WATTUNE_TRIAL_DIR";

/// What /proc/<pid>/stat says of a process.
struct ProcessFacts {
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool is_zombie = false;
};

[[nodiscard]] std::optional<ProcessFacts> read_process_facts(pid_t pid);

/// Children of this process: those it started and the orphans that it adopted.
[[nodiscard]] std::vector<pid_t> own_children();

/// Makes this process adopt what its descendants leave behind.
void adopt_orphans();

/// Whether the process was started with the mark of this trial folder.
[[nodiscard]] bool has_mark(pid_t pid, const std::filesystem::path& folder);

/// Every other process of the machine that carries the mark of a folder below `files_dir`.
[[nodiscard]] std::vector<pid_t> processes_marked_below(const std::filesystem::path& files_dir);

/// Signals a process and its whole group, unless that is this process's own group.
void signal_with_group(pid_t pid, int signal);

}  // namespace wattune::runners
