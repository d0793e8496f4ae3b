#include "wattune/energy/process_cpu.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

Seconds tick_length() {
  static const double length = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return Seconds{length};
}

Seconds from_ticks(std::uint64_t ticks) {
  return tick_length() * static_cast<double>(ticks);
}

/// Moves past so many words; false where the text ends before.
bool skip_words(std::string_view& text, int count) {
  for (; count > 0; --count) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return false;
    const auto end = text.find(' ', begin);
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end);
  }
  return true;
}

std::vector<pid_t> numbered_folders(const std::filesystem::path& folder) {
  std::vector<pid_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t number = 0;
    const auto [last, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc{} && last == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

ProcessTreeCpu::ProcessTreeCpu(pid_t root, std::filesystem::path proc)
    : root_(root), proc_(std::move(proc)), has_child_lists_(false) {
  const auto own_list = fmt::format("{0}/task/{0}/children", root_);
  std::error_code ignored;
  has_child_lists_ = std::filesystem::exists(proc_ / own_list, ignored);
}

bool ProcessTreeCpu::read_process(pid_t pid, Process& process) const {
  const Result<std::string> text = read_small_file(proc_ / fmt::format("{}/stat", pid));
  if (!text) return false;
  // The name is in brackets and may itself hold brackets and spaces.
  const auto name_end = text->rfind(") ");
  if (name_end == std::string::npos || name_end + 3 >= text->size()) return false;
  const char state = (*text)[name_end + 2];
  std::string_view rest = std::string_view(*text).substr(name_end + 3);

  const auto parent = take_number(rest);
  if (!parent || !skip_words(rest, 9)) return false;
  const auto user = take_number(rest);
  const auto system = take_number(rest);
  const auto waited_user = take_number(rest);
  const auto waited_system = take_number(rest);
  if (!user || !system || !waited_user || !waited_system || !skip_words(rest, 2)) return false;
  const auto num_threads = take_number(rest);
  if (!num_threads || !skip_words(rest, 1)) return false;
  const auto started = take_number(rest);
  if (!started) return false;

  process.parent = static_cast<pid_t>(*parent);
  process.started = *started;
  process.own = from_ticks(*user + *system);
  process.waited = from_ticks(*waited_user + *waited_system);
  process.is_alive = state != 'Z' && state != 'X';
  process.num_threads = static_cast<std::size_t>(*num_threads);
  return true;
}

std::vector<pid_t> ProcessTreeCpu::children_of(pid_t pid, std::size_t num_threads) const {
  std::vector<pid_t> children;
  if (!has_child_lists_) {
    const auto [first, last] = scanned_children_.equal_range(pid);
    for (auto each = first; each != last; ++each) children.push_back(each->second);
    return children;
  }
  // A child is listed under the thread that started it.
  const std::filesystem::path tasks = proc_ / fmt::format("{}/task", pid);
  const std::vector<pid_t> threads =
      num_threads <= 1 ? std::vector<pid_t>{pid} : numbered_folders(tasks);
  for (const pid_t thread : threads) {
    const Result<std::string> list = read_small_file(tasks / fmt::format("{}/children", thread));
    if (!list) continue;
    std::string_view rest = *list;
    while (const auto child = take_number(rest)) children.push_back(static_cast<pid_t>(*child));
  }
  return children;
}

std::multimap<pid_t, pid_t> ProcessTreeCpu::children_by_parent() const {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : numbered_folders(proc_)) {
    Process process;
    if (read_process(pid, process)) children.emplace(process.parent, pid);
  }
  return children;
}

void ProcessTreeCpu::add_with_children(pid_t pid, Processes& found) {
  std::vector<pid_t> waiting{pid};
  while (!waiting.empty()) {
    const pid_t next = waiting.back();
    waiting.pop_back();
    Process process;
    if (found.contains(next) || !read_process(next, process)) continue;
    found.emplace(next, process);
    for (const pid_t child : children_of(next, process.num_threads)) waiting.push_back(child);
  }
}

ProcessTreeCpu::Processes ProcessTreeCpu::find_tree() {
  if (!has_child_lists_) scanned_children_ = children_by_parent();
  Processes found;
  const auto is_same = [&](pid_t pid, const Process& before) {
    Process now;
    return read_process(pid, now) && now.started == before.started;
  };
  const auto root = seen_.find(root_);
  if (seen_.empty() || (root != seen_.end() && is_same(root_, root->second))) {
    add_with_children(root_, found);
  }
  // Whoever lost its parent now belongs to another process, but its work is still this tree's.
  for (const auto& [pid, before] : seen_) {
    if (!found.contains(pid) && is_same(pid, before)) add_with_children(pid, found);
  }
  return found;
}

/// The process that would have waited for a vanished one: its nearest living ancestor, the root
/// where the line has ended with it, or 0 where the line does not lead to the root.
pid_t ProcessTreeCpu::heir_of(pid_t pid, const Processes& now) const {
  while (true) {
    if (pid == root_) return root_;
    const auto process = seen_.find(pid);
    if (process == seen_.end()) return 0;
    pid = process->second.parent;
    const auto heir = now.find(pid);
    const auto before = seen_.find(pid);
    if (heir != now.end() && before != seen_.end() &&
        heir->second.started == before->second.started) {
      return pid;
    }
  }
}

/// Keeps the time of vanished processes unless the process that waited for them now shows it.
void ProcessTreeCpu::keep_vanished(const Processes& now) {
  std::map<pid_t, Seconds> vanished;
  for (const auto& [pid, process] : seen_) {
    const auto still = now.find(pid);
    if (still != now.end() && still->second.started == process.started) continue;
    vanished[heir_of(pid, now)] += process.own + process.waited;
  }
  for (const auto& [heir, time] : vanished) {
    const auto after = now.find(heir);
    if (after == now.end()) {
      (heir == root_ ? gone_with_root_ : gone_) += time;
      continue;
    }
    const Seconds inherited = after->second.waited - seen_.at(heir).waited;
    // Both readings are rounded down to ticks, user and system apart.
    if (inherited + tick_length() * 2.0 < time) gone_ += time - inherited;
  }
}

Seconds ProcessTreeCpu::read() {
  Processes now = find_tree();
  keep_vanished(now);
  seen_ = std::move(now);

  members_.clear();
  Seconds total = gone_ + gone_with_root_;
  for (const auto& [pid, process] : seen_) {
    total += process.own + process.waited;
    if (process.is_alive) members_.push_back(pid);
  }
  const auto root = std::ranges::find(members_, root_);
  if (root != members_.end()) std::rotate(members_.begin(), root, root + 1);
  highest_ = std::max(highest_, total);
  return highest_;
}

Seconds ProcessTreeCpu::reconcile(Seconds total) {
  Seconds others = gone_;
  for (const auto& [pid, process] : seen_) {
    if (pid != root_ && heir_of(pid, {}) == 0) others += process.own + process.waited;
  }
  highest_ = std::max(highest_, total + others);
  return highest_;
}

std::optional<std::uint64_t> process_started(pid_t pid, const std::filesystem::path& proc) {
  const Result<std::string> text = read_small_file(proc / fmt::format("{}/stat", pid));
  if (!text) return std::nullopt;
  const auto name_end = text->rfind(") ");
  if (name_end == std::string::npos || name_end + 3 >= text->size()) return std::nullopt;
  const char state = (*text)[name_end + 2];
  if (state == 'Z' || state == 'X') return std::nullopt;
  std::string_view rest = std::string_view(*text).substr(name_end + 2);
  if (!skip_words(rest, 19)) return std::nullopt;
  return take_number(rest);
}

Seconds own_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Seconds{static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9};
}

}  // namespace wattune::energy
