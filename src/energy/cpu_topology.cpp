#include "wattune/energy/cpu_topology.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

/// "cpu12" -> 12; nothing for "cpufreq".
std::optional<std::size_t> cpu_number(const std::string& name) {
  if (!name.starts_with("cpu")) return std::nullopt;
  std::size_t number = 0;
  const char* const last = name.data() + name.size();
  const auto [end, error] = std::from_chars(name.data() + 3, last, number);
  if (error != std::errc{} || end != last || number > 1'000'000) return std::nullopt;
  return number;
}

}  // namespace

CpuTopology::CpuTopology(std::vector<std::optional<int>> socket_of_cpu)
    : socket_of_cpu_(std::move(socket_of_cpu)) {
  for (const std::optional<int>& socket : socket_of_cpu_) {
    if (socket && !index_of(*socket)) sockets_.push_back(*socket);
  }
  std::ranges::sort(sockets_);
}

std::optional<std::size_t> CpuTopology::index_of(int socket) const {
  const auto found = std::ranges::find(sockets_, socket);
  if (found == sockets_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - sockets_.begin());
}

std::optional<std::size_t> CpuTopology::socket_index_of_cpu(int cpu) const {
  const auto index = static_cast<std::size_t>(cpu);
  if (cpu < 0 || index >= socket_of_cpu_.size() || !socket_of_cpu_[index]) return std::nullopt;
  return index_of(*socket_of_cpu_[index]);
}

std::size_t CpuTopology::num_cpus_on(std::size_t socket_index) const {
  return static_cast<std::size_t>(
      std::ranges::count(socket_of_cpu_, std::optional(sockets_.at(socket_index))));
}

std::size_t CpuTopology::count_on(std::span<const int> cpus, std::size_t socket_index) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      cpus, [&](int cpu) { return socket_index_of_cpu(cpu) == std::optional(socket_index); }));
}

std::vector<double> CpuTopology::capacity(double num_cores) const {
  std::vector<double> cores{num_cores};
  for (std::size_t i = 0; i < num_sockets(); ++i) {
    cores.push_back(static_cast<double>(num_cpus_on(i)));
  }
  return cores;
}

CpuTopology read_cpu_topology(const fs::path& folder) {
  std::vector<std::optional<int>> sockets;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const auto cpu = cpu_number(entry->path().filename().string());
    if (!cpu) continue;
    const auto socket = read_number(entry->path() / "topology" / "physical_package_id");
    if (!socket || *socket > 1'000'000) continue;  // one that is switched off has none
    sockets.resize(std::max(sockets.size(), *cpu + 1));
    sockets[*cpu] = static_cast<int>(*socket);
  }
  return CpuTopology(std::move(sockets));
}

}  // namespace wattune::energy
