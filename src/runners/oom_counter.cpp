#include "oom_counter.hpp"

#include <sstream>
#include <string>
#include <utility>

#include "wattune/base/small_file.hpp"

namespace wattune::runners {
namespace {

namespace fs = std::filesystem;

/// The counters of this process's cgroup, versions 1 and 2, and of the machine.
std::vector<fs::path> machine_counters() {
  const fs::path mount = "/sys/fs/cgroup";
  std::vector<fs::path> files{"/proc/vmstat"};
  std::istringstream lines(read_small_file("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t controllers = line.find(':');
    const std::size_t path = line.find(':', controllers + 1);
    if (controllers == std::string::npos || path == std::string::npos) continue;
    const std::string names = line.substr(controllers + 1, path - controllers - 1);
    const fs::path place = fs::path(line.substr(path + 1)).relative_path();
    if (names.empty()) files.push_back(mount / place / "memory.events");
    if (names == "memory") files.push_back(mount / "memory" / place / "memory.oom_control");
  }
  return files;
}

}  // namespace

OomCounter::OomCounter(std::vector<fs::path> files)
    : files_(files.empty() ? machine_counters() : std::move(files)) {
}

std::uint64_t OomCounter::read() const {
  std::uint64_t total = 0;
  for (const fs::path& file : files_) {
    std::istringstream lines(read_small_file(file).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string name;
      std::uint64_t count = 0;
      if (words >> name >> count && name == "oom_kill") total += count;
    }
  }
  return total;
}

}  // namespace wattune::runners
