#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_powercap.hpp"
#include "support/fake_proc.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/base/clock.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::fake {

/// Counters of perf behind memory files: what the kernel would hand out as descriptors.
class PerfCounters {
 public:
  PerfCounters() = default;
  PerfCounters(const PerfCounters&) = delete;
  PerfCounters& operator=(const PerfCounters&) = delete;
  ~PerfCounters() {
    for (const auto& [key, file] : files_) ::close(file);
  }

  void add(std::uint64_t config, int cpu) { set(config, cpu, 0); }
  void set(std::uint64_t config, int cpu, std::uint64_t count) {
    auto [entry, is_new] = files_.try_emplace({config, cpu}, -1);
    if (is_new) entry->second = ::memfd_create("perf", MFD_CLOEXEC);
    if (::pwrite(entry->second, &count, sizeof(count), 0) != sizeof(count)) std::abort();
    counts_[{config, cpu}] = count;
  }
  /// 2^-32 J each; exact for multiples of 15625 µJ.
  void draw(std::uint64_t config, int cpu, std::uint64_t energy_uj) {
    set(config, cpu, counts_[{config, cpu}] + energy_uj / 15625 * (std::uint64_t{1} << 26));
  }
  /// From now on opening fails so.
  void deny(int error_number) { denied_ = error_number; }
  /// The CPU has gone: its counters read as nothing.
  void unplug(int cpu) { unplugged_.insert(cpu); }
  /// Reads are interrupted, or work again.
  void interrupt(bool is_interrupted) { is_interrupted_ = is_interrupted; }

  [[nodiscard]] energy::PerfCalls calls() {
    energy::PerfCalls calls;
    calls.open = [this](std::uint32_t, std::uint64_t config, int cpu) {
      if (denied_ != 0) return -denied_;
      const auto found = files_.find({config, cpu});
      if (found == files_.end()) return -EINVAL;
      const int file = ::fcntl(found->second, F_DUPFD_CLOEXEC, 0);
      cpu_of_[file] = cpu;
      return file;
    };
    calls.read = [this](int file, void* bytes, std::size_t count) -> ssize_t {
      if (is_interrupted_) {
        errno = EINTR;
        return -1;
      }
      if (unplugged_.contains(cpu_of_[file])) return 0;
      return ::pread(file, bytes, count, 0);
    };
    return calls;
  }

 private:
  using Key = std::pair<std::uint64_t, int>;
  std::map<Key, int> files_;
  std::map<Key, std::uint64_t> counts_;
  std::map<int, int> cpu_of_;
  std::set<int> unplugged_;
  int denied_ = 0;
  bool is_interrupted_ = false;
};

/// A whole machine made of real files, with the energies that it draws.
///
/// An energy has a name and any number of views; `draw` moves all of them. The test at opening
/// draws `kStep` on every energy that is alive.
class Machine {
 public:
  static constexpr std::uint64_t kStep = 125'000;
  static constexpr const char* kScale = "2.3283064365386962890625e-10";

  explicit Machine(const std::string& vendor = "GenuineIntel", std::size_t num_cpus = 2)
      : proc_(num_cpus) {
    proc_.set_cpuinfo(6, 106, 1, vendor);
  }

  /// A hardware thread and where it sits.
  void add_cpu(int cpu, int socket, int die = 0) {
    const std::string folder = "devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    write(folder + "physical_package_id", std::to_string(socket) + "\n");
    write(folder + "die_id", std::to_string(die) + "\n");
    online_ += (online_.empty() ? "" : ",") + std::to_string(cpu);
    write("devices/system/cpu/online", online_ + "\n");
  }

  /// The PMU `power` without any event.
  void add_power_pmu(const std::string& cpumask) {
    write("bus/event_source/devices/power/type", "9\n");
    write("bus/event_source/devices/power/cpumask", cpumask + "\n");
    std::filesystem::create_directories(sysfs_ / "bus/event_source/devices/power/events");
  }
  void add_perf_event(const std::string& event, unsigned config,
                      const std::map<int, std::string>& energy_of_cpu) {
    const std::string file = "bus/event_source/devices/power/events/" + event;
    write(file, "event=0x0" + std::to_string(config) + "\n");
    write(file + ".scale", std::string(kScale) + "\n");
    write(file + ".unit", "Joules\n");
    for (const auto& [cpu, energy] : energy_of_cpu) {
      perf_.add(config, cpu);
      views_.emplace(energy,
                     [this, config, on = cpu](std::uint64_t uj) { perf_.draw(config, on, uj); });
    }
  }

  /// A powercap zone; `path` such as "intel-rapl:0/intel-rapl:0:1".
  void add_zone(const std::string& path, const std::string& name, const std::string& energy,
                std::uint64_t start_uj = 5'000'000, std::uint64_t range_uj = 262'143'328'850) {
    const std::string folder = "class/powercap/" + path;
    write(folder + "/name", name + "\n");
    write(folder + "/max_energy_range_uj", std::to_string(range_uj) + "\n");
    add_counter(folder + "/energy_uj", energy, start_uj, "", range_uj + 1);
  }

  /// A file below /sys that counts microjoules, or joules where it says so.
  void add_counter(const std::string& file, const std::string& energy, std::uint64_t start_uj,
                   const std::string& suffix = "", std::uint64_t modulus_uj = 0) {
    counters_[file] = start_uj;
    const auto show = [this, file, suffix](std::uint64_t uj) {
      write(file, std::to_string(suffix.starts_with(" J") ? uj / 1'000'000 : uj) + suffix + "\n");
    };
    show(start_uj);
    views_.emplace(energy, [this, file, show, modulus_uj](std::uint64_t uj) {
      std::uint64_t& count = counters_[file];
      count += uj;
      if (modulus_uj > 0) count %= modulus_uj;
      show(count);
    });
  }

  /// Energy that no counter moves with any more.
  void freeze(const std::string& energy) { frozen_.insert(energy); }
  void draw(const std::string& energy, Joules amount) {
    const auto [first, last] = views_.equal_range(energy);
    for (auto view = first; view != last; ++view) {
      view->second(static_cast<std::uint64_t>(to_microjoules(amount).count()));
    }
  }
  void step() {
    for (auto view = views_.begin(); view != views_.end(); ++view) {
      if (!frozen_.contains(view->first)) view->second(kStep);
    }
  }

  void write(const std::string& file, const std::string& text) { sysfs_.write(file, text); }
  void link(const std::string& file, const std::filesystem::path& target) {
    std::filesystem::create_directories((sysfs_ / file).parent_path());
    std::filesystem::create_symlink(target, sysfs_ / file);
  }
  void remove(const std::string& file) { std::filesystem::remove_all(sysfs_ / file); }
  /// Only root may read the file.
  void deny(const std::string& file) {
    namespace fs = std::filesystem;
    fs::permissions(sysfs_.path(), static_cast<fs::perms>(0755));
    fs::permissions(sysfs_ / file, fs::perms::none);
  }

  [[nodiscard]] energy::MeterOptions options() {
    energy::MeterOptions options;
    options.sysfs_root = sysfs_.path();
    options.powercap_root = sysfs_ / "class/powercap";
    options.proc_root = proc_.root();
    options.nvml_library = "/nowhere/libnvidia-ml.so.1";
    options.amd_smi_library = "/nowhere/libamd_smi.so.26";
    options.perf = perf_.calls();
    options.wait = [this](Seconds) { step(); };
    return options;
  }
  [[nodiscard]] energy::MachineMeters open() { return energy::open_meters(clock_, options()); }

  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] Proc& proc() { return proc_; }
  [[nodiscard]] PerfCounters& perf() { return perf_; }
  [[nodiscard]] const TemporaryFolder& sysfs() const { return sysfs_; }

 private:
  TemporaryFolder sysfs_;
  Proc proc_;
  ManualClock clock_;
  PerfCounters perf_;
  std::string online_;
  std::map<std::string, std::uint64_t> counters_;
  std::multimap<std::string, std::function<void(std::uint64_t)>> views_;
  std::set<std::string> frozen_;
};

}  // namespace wattune::fake
