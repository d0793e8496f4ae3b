#include "trial_process.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descendants.hpp"
#include "wattune/runners/capture.hpp"
#include "wattune/runners/protocol.hpp"

namespace wattune::runners {
namespace {

constexpr std::size_t kMostUnsentBytes = 64 * 1024;
/// Read at once from one trial, so that a flood does not starve the others.
constexpr std::size_t kReadBytes = 64 * 1024;
/// Read from a trial that has ended; what it left running may write on for ever.
constexpr std::size_t kMostRestBytes = 8 * 1024 * 1024;

struct Ends {
  Descriptor ours;
  Descriptor theirs;
};

std::optional<Ends> open_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Ends{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::optional<Ends> open_output_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Ends{Descriptor(ends[0]), Descriptor(ends[1])};
}

void append_to_log(const Descriptor& log, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(log.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // a full disk must not end the trial
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

Result<std::unique_ptr<TrialProcess>> TrialProcess::start(ChildSpec spec, TrialFolder folder,
                                                          bool captures,
                                                          std::optional<energy::Cgroup> group) {
  std::optional<Ends> channel = open_channel();
  std::optional<Ends> output = captures ? open_output_pipe() : Ends{};
  if (!channel || !output) {
    return fail(ErrorKind::Transient,
                std::string("cannot open a channel: ") + ::strerrordesc_np(errno));
  }
  spec.channel_fd = channel->theirs.number();
  spec.stdout_fd = captures ? output->theirs.number() : folder.stdout_log().number();
  spec.stderr_fd = folder.stderr_log().number();
  if (group) spec.group_fd = group->entrance();
  Result<Child> child = start_child(spec);
  if (!child) return tl::unexpected(child.error());
  if (!child->is_in_group) group.reset();
  return std::unique_ptr<TrialProcess>(new TrialProcess(std::move(*child), std::move(folder),
                                                        std::move(channel->ours),
                                                        std::move(output->ours), std::move(group)));
}

TrialProcess::TrialProcess(Child child, TrialFolder folder, Descriptor channel,
                           Descriptor stdout_pipe, std::optional<energy::Cgroup> group)
    : child_(std::move(child)),
      folder_(std::move(folder)),
      channel_(std::move(channel)),
      stdout_pipe_(std::move(stdout_pipe)),
      channel_lines_(kMaxLineBytes),
      stdout_lines_(kMaxCapturedLineBytes, true),
      group_(std::move(group)),
      cpu_(child_.pid) {
}

TrialProcess::~TrialProcess() {
  if (child_.pid > 0) {
    signal_all(SIGKILL);
    static_cast<void>(take_exit());
  }
  // Each round ends one generation; the bound is for processes that nothing can end.
  for (int round = 0; round < 100; ++round) {
    const bool has_any_ended = look_for_orphans(own_children());
    if (!has_orphans() && !has_any_ended) break;
    signal_all(SIGKILL);
    for (const auto& [pid, orphan] : orphans_) {
      pollfd ended{orphan.pidfd.number(), POLLIN, 0};
      ::poll(&ended, 1, 20);
    }
  }
}

void TrialProcess::add_watched(std::vector<pollfd>& watched) const {
  if (!has_ended_) {
    watched.push_back({child_.pidfd.number(), POLLIN, 0});
    if (channel_.is_open()) {
      const auto events = static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
      watched.push_back({channel_.number(), events, 0});
    }
    if (stdout_pipe_.is_open()) watched.push_back({stdout_pipe_.number(), POLLIN, 0});
  }
  for (const auto& [pid, orphan] : orphans_) {
    if (orphan.pidfd.is_open()) watched.push_back({orphan.pidfd.number(), POLLIN, 0});
  }
}

bool TrialProcess::read_channel(bool to_the_end, const UseLine& use) {
  return read_lines(channel_, channel_lines_, to_the_end, false, use);
}

bool TrialProcess::read_stdout(bool to_the_end, const UseLine& use) {
  return read_lines(stdout_pipe_, stdout_lines_, to_the_end, true, use);
}

bool TrialProcess::read_lines(Descriptor& source, LineSplitter& lines, bool to_the_end,
                              bool is_stdout, const UseLine& use) {
  std::size_t num_read = 0;
  std::vector<char> buffer(kReadBytes);
  while (source.is_open()) {
    const ssize_t count = ::read(source.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      source.close();  // nobody holds the other end
      break;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    num_read += bytes.size();
    if (is_stdout) append_to_log(folder_.stdout_log(), bytes);
    lines.push(bytes, use);
    // A line without end is passed on as it is: it is refused for its length.
    if (!is_stdout && lines.is_too_long() && !use(lines.take_rest())) break;
    if (!to_the_end || num_read > kMostRestBytes) break;
  }
  if (to_the_end) {
    const std::string rest = lines.take_rest();
    if (!rest.empty()) use(rest);
    source.close();
  }
  return num_read > 0;
}

void TrialProcess::send(const std::string& line) {
  if (!channel_.is_open() || unsent_.size() + line.size() > kMostUnsentBytes) return;
  unsent_ += line;
  flush();
}

void TrialProcess::flush() {
  while (!unsent_.empty() && channel_.is_open()) {
    const ssize_t count =
        ::send(channel_.number(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      unsent_.clear();  // the program has closed its end; what it sent before is still read
      return;
    }
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
}

bool TrialProcess::has_read_answers() const {
  if (!unsent_.empty() || !channel_.is_open()) return false;
  int num_waiting = 0;
  return ::ioctl(channel_.number(), SIOCOUTQ, &num_waiting) == 0 && num_waiting == 0;
}

bool TrialProcess::has_ended() {
  has_ended_ = has_ended_ || runners::has_ended(child_.pid);
  return has_ended_;
}

bool TrialProcess::is_own_orphan(pid_t pid) const {
  if (group_) {
    if (std::ranges::find(group_members_, pid) != group_members_.end()) return true;
    const std::vector<pid_t> now = group_->members();
    if (std::ranges::find(now, pid) != now.end()) return true;
  }
  const std::vector<pid_t>& members = cpu_.members();
  if (std::ranges::find(members, pid) != members.end()) return true;
  if (has_mark(pid, folder_.path())) return true;
  const auto facts = read_process_facts(pid);
  return facts && (facts->session == child_.pid || facts->group == child_.pid ||
                   orphan_groups_.contains(facts->group));
}

bool TrialProcess::look_for_orphans(std::span<const pid_t> unknown) {
  for (const pid_t pid : unknown) {
    if (pid == child_.pid || orphans_.contains(pid) || !is_own_orphan(pid)) continue;
    Orphan orphan{open_pidfd(pid), std::nullopt};
    const std::vector<pid_t>& members = cpu_.members();
    const bool is_counted = group_ || std::ranges::find(members, pid) != members.end();
    if (!is_counted) orphan.cpu.emplace(pid);
    orphans_.emplace(pid, std::move(orphan));
    const auto facts = read_process_facts(pid);
    const bool is_foreign =
        facts && facts->group > 1 && facts->group != ::getpgrp() && facts->group != child_.pid;
    if (is_foreign) orphan_groups_.insert(facts->group);
  }
  bool has_any_ended = false;
  for (auto each = orphans_.begin(); each != orphans_.end();) {
    auto& [pid, orphan] = *each;
    if (!runners::has_ended(pid)) {
      ++each;
      continue;
    }
    const std::optional<ChildExit> exit = reap(pid);
    if (orphan.cpu && exit) ended_orphans_cpu_ += orphan.cpu->reconcile(exit->cpu_time);
    each = orphans_.erase(each);
    has_any_ended = true;
  }
  return has_any_ended;
}

bool TrialProcess::has_orphans() {
  std::erase_if(orphan_groups_, [](pid_t group) { return ::kill(-group, 0) != 0; });
  if (group_) {
    const std::vector<pid_t> members = group_->members();
    const auto is_other = [&](pid_t pid) { return pid != child_.pid; };
    if (std::ranges::any_of(members, is_other)) return true;
  }
  return !orphans_.empty() || !orphan_groups_.empty();
}

std::vector<pid_t> TrialProcess::orphans() const {
  std::vector<pid_t> pids;
  for (const auto& [pid, orphan] : orphans_) pids.push_back(pid);
  return pids;
}

/// Every process that is known to live now.
std::vector<pid_t> TrialProcess::find_members() {
  if (group_) return group_->members();
  if (has_ended_) return {};
  static_cast<void>(cpu_.read());
  return cpu_.members();
}

void TrialProcess::signal_all(int signal) {
  if (signal == SIGKILL && group_ && group_->kill()) return;  // all at once: nothing outruns it
  const std::vector<pid_t> members = find_members();
  if (child_.pid > 0) ::kill(-child_.pid, signal);  // a zombie leader keeps the number in use
  for (const pid_t member : members) {
    const auto facts = read_process_facts(member);
    if (facts && facts->group != child_.pid) signal_with_group(member, signal);
  }
  for (const auto& [pid, orphan] : orphans_) signal_with_group(pid, signal);
  for (const pid_t group : orphan_groups_) ::kill(-group, signal);
}

ChildExit TrialProcess::take_exit() {
  const std::optional<ChildExit> exit = reap(child_.pid);
  child_.pid = -1;
  has_ended_ = true;
  if (!exit) return {};
  final_cpu_ = cpu_.reconcile(exit->cpu_time);
  return *exit;
}

Seconds TrialProcess::cpu_time() {
  if (!group_) return tree_cpu_time();
  group_members_ = group_->members();
  group_cpu_ = std::max(group_cpu_, group_->cpu_time().value_or(group_cpu_));
  return group_cpu_;
}

Seconds TrialProcess::tree_cpu_time() {
  Seconds total = ended_orphans_cpu_ + (final_cpu_ ? *final_cpu_ : cpu_.read());
  for (auto& [pid, orphan] : orphans_) {
    if (orphan.cpu) total += orphan.cpu->read();
  }
  return total;
}

}  // namespace wattune::runners
