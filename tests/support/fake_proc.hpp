#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

namespace wattune::fake {

/// CPU time of a machine in hundredths of a second, as /proc/stat shows it.
struct CpuTicks {
  std::uint64_t user = 0;
  std::uint64_t nice = 0;
  std::uint64_t system = 0;
  std::uint64_t idle = 0;
  std::uint64_t iowait = 0;
  std::uint64_t irq = 0;
  std::uint64_t softirq = 0;
  std::uint64_t steal = 0;
};

/// A folder that looks like /proc to whoever reads the machine's CPU time and kind.
class Proc {
 public:
  explicit Proc(std::size_t num_cpus = 2) : num_cpus_(num_cpus) { set_ticks({}); }

  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

  void set_ticks(const CpuTicks& ticks) {
    std::string text = "cpu  ";
    for (const std::uint64_t column : {ticks.user, ticks.nice, ticks.system, ticks.idle,
                                       ticks.iowait, ticks.irq, ticks.softirq, ticks.steal}) {
      text += std::to_string(column) + " ";
    }
    text += "0 0\n";
    for (std::size_t cpu = 0; cpu < num_cpus_; ++cpu) {
      const auto user = cpu < user_of_cpu_.size() ? user_of_cpu_[cpu] : 0;
      text += "cpu" + std::to_string(cpu) + " " + std::to_string(user) + " 0 0 0 0 0 0 0 0 0\n";
    }
    folder_.write("stat", text + "intr 12345 0 0\nctxt 99\n");
  }

  /// User time of the single hardware threads; their sum is that of the machine.
  void set_ticks_of_cpus(std::vector<std::uint64_t> user) {
    user_of_cpu_ = std::move(user);
    CpuTicks sum;
    for (const std::uint64_t ticks : user_of_cpu_) sum.user += ticks;
    set_ticks(sum);
  }

  void set_cpuinfo(std::uint64_t family, std::uint64_t model, std::uint64_t stepping = 1,
                   const std::string& vendor = "GenuineIntel") {
    folder_.write("cpuinfo", "processor\t: 0\nvendor_id\t: " + vendor + "\ncpu family\t: " +
                                 std::to_string(family) + "\nmodel\t\t: " + std::to_string(model) +
                                 "\nmodel name\t: A processor: fast\nstepping\t: " +
                                 std::to_string(stepping) + "\nflags\t\t: fpu\n\n");
  }

  void remove_stat() { std::filesystem::remove(folder_.path() / "stat"); }

 private:
  TemporaryFolder folder_;
  std::size_t num_cpus_;
  std::vector<std::uint64_t> user_of_cpu_;
};

}  // namespace wattune::fake
