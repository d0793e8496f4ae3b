#include "wattune/energy/cpu_topology.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/energy/machine_cpu.hpp"

namespace wattune::energy {

TEST(CpuTopology, ReadsWhichSocketEachHardwareThreadIsOn) {
  const TemporaryFolder folder;
  for (const auto& [cpu, socket] : {std::pair{"cpu0", "0"}, {"cpu1", "36"}, {"cpu10", "36"}}) {
    folder.write(std::string(cpu) + "/topology/physical_package_id", std::string(socket) + "\n");
  }
  folder.write("cpufreq/boost", "1\n");
  folder.write("cpu2/online", "0\n");  // switched off: no topology

  const CpuTopology topology = read_cpu_topology(folder.path());

  EXPECT_EQ(topology.num_sockets(), 2U);
  EXPECT_EQ(topology.index_of(36), std::optional<std::size_t>(1));
  EXPECT_EQ(topology.index_of(1), std::nullopt);
  EXPECT_EQ(topology.socket_index_of_cpu(10), std::optional<std::size_t>(1));
  EXPECT_EQ(topology.socket_index_of_cpu(2), std::nullopt);
  EXPECT_EQ(topology.num_cpus_on(1), 2U);
  EXPECT_EQ(topology.count_on(std::array{0, 1, 2, 10}, 1), 2U);
  EXPECT_EQ(topology.capacity(3.0), (std::vector<double>{3.0, 1.0, 2.0}));
}

TEST(CpuTopology, IsEmptyWhereNothingTells) {
  EXPECT_EQ(read_cpu_topology("/nowhere").num_sockets(), 0U);
}

// Pitfall 27
TEST(CpuTopology, AHardwareThreadThatIsSwitchedOffHasNoTime) {
  const TemporaryFolder folder;
  folder.write("stat",
               "cpu  500 0 0 0 0 0 0 0 0 0\n"
               "cpu0 200 0 0 0 0 0 0 0 0 0\n"
               "cpu3 100 0 100 0 0 0 0 50 0 0\n"
               "intr 1\n");
  const MachineCpuTime time = must(read_machine_cpu(folder.path(), true));
  ASSERT_EQ(time.busy_of_cpu.size(), 4U);
  EXPECT_EQ(time.busy_of_cpu[0], std::optional(Seconds{2.0}));
  EXPECT_EQ(time.busy_of_cpu[1], std::nullopt);
  EXPECT_EQ(time.busy_of_cpu[3], std::optional(Seconds{2.0}));
  EXPECT_EQ(time.num_cpus, 2U);
}

}  // namespace wattune::energy
