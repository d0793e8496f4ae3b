#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace wattune::energy {

/// Which processor socket every hardware thread belongs to.
///
/// Sockets have the kernel's numbers, which need not be 0, 1, ...; here they are also counted, in
/// ascending order.
class CpuTopology {
 public:
  CpuTopology() = default;
  /// Takes    socket_of_cpu  kernel's number of the socket, by number of the hardware thread;
  ///                         nothing for one that is not there
  explicit CpuTopology(std::vector<std::optional<int>> socket_of_cpu);

  [[nodiscard]] std::size_t num_sockets() const { return sockets_.size(); }
  /// Place of the kernel's number among the sockets.
  [[nodiscard]] std::optional<std::size_t> index_of(int socket) const;
  /// Place of the socket that a hardware thread is on.
  [[nodiscard]] std::optional<std::size_t> socket_index_of_cpu(int cpu) const;
  [[nodiscard]] std::size_t num_cpus_on(std::size_t socket_index) const;
  /// How many of these hardware threads are on the socket.
  [[nodiscard]] std::size_t count_on(std::span<const int> cpus, std::size_t socket_index) const;
  /// Hardware threads of the machine, then of each socket.
  [[nodiscard]] std::vector<double> capacity(double num_cores) const;

 private:
  std::vector<std::optional<int>> socket_of_cpu_;
  std::vector<int> sockets_;
};

/// Reads `cpuN/topology/physical_package_id` below the folder; empty where it does not tell.
[[nodiscard]] CpuTopology read_cpu_topology(
    const std::filesystem::path& folder = "/sys/devices/system/cpu");

}  // namespace wattune::energy
