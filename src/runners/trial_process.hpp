#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "child_process.hpp"
#include "line_splitter.hpp"
#include "trial_folder.hpp"
#include "wattune/base/result.hpp"
#include "wattune/energy/cgroup.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::runners {

/// The process of one trial with everything it has started, its channel and its output.
///
/// A trial's processes are its control group where it has one, its tree, its process group, and
/// orphans: descendants whose parents have ended, which this process has adopted and which carry
/// the trial's mark.
class TrialProcess {
 public:
  using UseLine = std::function<bool(std::string_view line)>;  ///< False: read no more.

  /// `spec` lacks the descriptors; stdout goes through this process where `captures`. In a group of
  /// its own nothing that it starts can escape, or be missed by the count of its CPU time.
  ///
  /// Errors   as `start_child`, and Transient where descriptors are used up
  [[nodiscard]] static Result<std::unique_ptr<TrialProcess>> start(
      ChildSpec spec, TrialFolder folder, bool captures, std::optional<energy::Cgroup> group);
  TrialProcess(const TrialProcess&) = delete;
  TrialProcess& operator=(const TrialProcess&) = delete;
  /// Kills what is left.
  ~TrialProcess();

  [[nodiscard]] const TrialFolder& folder() const { return folder_; }
  [[nodiscard]] pid_t pid() const { return child_.pid; }

  /// What `poll` should watch: it is worth reading, looking at orphans or asking `has_ended` when
  /// any of them is ready.
  void add_watched(std::vector<pollfd>& watched) const;

  /// Reads what is there now. With `to_the_end` all that is left, an unfinished line included.
  /// Gives whether anything was said.
  bool read_channel(bool to_the_end, const UseLine& use);
  bool read_stdout(bool to_the_end, const UseLine& use);
  /// Drops what the program says from now on.
  void ignore_channel() { channel_.close(); }

  /// Queues an answer and sends what the program's buffer takes. A program that reads nothing loses
  /// answers once 64 KiB wait.
  void send(const std::string& line);
  /// Sends more of what is queued.
  void flush();
  /// Whether everything sent was read.
  [[nodiscard]] bool has_read_answers() const;

  /// Whether the program itself has ended; orphans may be left.
  [[nodiscard]] bool has_ended();
  /// Picks the trial's orphans from processes that nobody knows, and takes the exits of those that
  /// have ended. Gives whether any had: they may have left orphans of their own.
  bool look_for_orphans(std::span<const pid_t> unknown);
  /// Whether orphans, or processes of a group that an orphan was in, are left.
  [[nodiscard]] bool has_orphans();
  [[nodiscard]] std::vector<pid_t> orphans() const;
  /// To the whole tree, the group and the orphans.
  void signal_all(int signal);
  /// Takes the exit; only after `has_ended`.
  [[nodiscard]] ChildExit take_exit();

  /// CPU time of all processes of the trial, living and ended.
  [[nodiscard]] Seconds cpu_time();

 private:
  struct Orphan {
    Descriptor pidfd;
    std::optional<energy::ProcessTreeCpu> cpu;  // where the main tree does not count it already
  };

  TrialProcess(Child child, TrialFolder folder, Descriptor channel, Descriptor stdout_pipe,
               std::optional<energy::Cgroup> group);
  [[nodiscard]] bool is_own_orphan(pid_t pid) const;
  [[nodiscard]] std::vector<pid_t> find_members();
  [[nodiscard]] Seconds tree_cpu_time();
  bool read_lines(Descriptor& source, LineSplitter& lines, bool to_the_end, bool is_stdout,
                  const UseLine& use);

  Child child_;
  TrialFolder folder_;
  Descriptor channel_;
  Descriptor stdout_pipe_;
  LineSplitter channel_lines_;
  LineSplitter stdout_lines_;
  std::string unsent_;
  std::optional<energy::Cgroup> group_;
  std::vector<pid_t> group_members_;  // as last seen: one that has died is no longer listed
  Seconds group_cpu_;
  energy::ProcessTreeCpu cpu_;
  std::map<pid_t, Orphan> orphans_;
  std::set<pid_t> orphan_groups_;  // what forks faster than one can look stays in its group
  Seconds ended_orphans_cpu_;
  std::optional<Seconds> final_cpu_;
  bool has_ended_ = false;
};

}  // namespace wattune::runners
