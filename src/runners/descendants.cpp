#include "descendants.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "wattune/base/small_file.hpp"

namespace wattune::runners {
namespace {

/// The numbered entries of a folder of /proc.
std::vector<pid_t> numbered_entries(const char* folder) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder), ::closedir);
  if (!listing) return numbers;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

/// For kernels without /proc/<pid>/task/<tid>/children.
std::vector<pid_t> children_by_scan() {
  std::vector<pid_t> children;
  for (const pid_t pid : numbered_entries("/proc")) {
    const auto facts = read_process_facts(pid);
    if (facts && facts->parent == ::getpid()) children.push_back(pid);
  }
  return children;
}

/// Value of the mark in a process's environment.
std::optional<std::string> mark_of(pid_t pid) {
  const auto environment = read_small_file(fmt::format("/proc/{}/environ", pid));
  if (!environment) return std::nullopt;
  const std::string wanted = std::string(kMarkVariable) + "=";
  for (std::size_t start = 0; start < environment->size();) {
    const std::size_t end = std::min(environment->find('\0', start), environment->size());
    const std::string_view variable = std::string_view(*environment).substr(start, end - start);
    if (variable.starts_with(wanted)) return std::string(variable.substr(wanted.size()));
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ProcessFacts> read_process_facts(pid_t pid) {
  const auto text = read_small_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const std::size_t after_name = text->rfind(')');  // a name may hold anything
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(text->substr(after_name + 1));
  ProcessFacts facts;
  char state = 0;
  fields >> state >> facts.parent >> facts.group >> facts.session;
  if (!fields) return std::nullopt;
  facts.is_zombie = state == 'Z' || state == 'X';
  return facts;
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> children;
  for (const pid_t thread : numbered_entries("/proc/self/task")) {
    const auto text = read_small_file(fmt::format("/proc/self/task/{}/children", thread));
    if (!text && thread == ::getpid()) return children_by_scan();
    std::istringstream numbers(text.value_or(""));
    for (pid_t child = 0; numbers >> child;) children.push_back(child);
  }
  return children;
}

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool has_mark(pid_t pid, const std::filesystem::path& folder) {
  return mark_of(pid) == folder.string();
}

std::vector<pid_t> processes_marked_below(const std::filesystem::path& files_dir) {
  const std::string prefix = (files_dir / "").string();
  std::vector<pid_t> found;
  for (const pid_t pid : numbered_entries("/proc")) {
    if (pid == ::getpid()) continue;
    const auto mark = mark_of(pid);
    if (mark && mark->starts_with(prefix)) found.push_back(pid);
  }
  return found;
}

void signal_with_group(pid_t pid, int signal) {
  const auto facts = read_process_facts(pid);
  if (facts && facts->group > 1 && facts->group != ::getpgrp()) ::kill(-facts->group, signal);
  ::kill(pid, signal);
}

}  // namespace wattune::runners
