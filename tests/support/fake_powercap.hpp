#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "support/temporary_folder.hpp"
#include "wattune/base/clock.hpp"
#include "wattune/energy/rapl.hpp"

namespace wattune::fake {

struct PowercapZone {
  std::string name = "package-0";
  std::uint64_t energy_uj = 5'000'000;
  std::optional<std::uint64_t> range_uj = 262'143'328'850;
  std::optional<std::uint64_t> max_power_uw = std::nullopt;
  std::uint64_t step_uj = 100'000;  ///< Drawn between two samples of the opening test.
};

/// A folder of real files that looks like /sys/class/powercap.
class Powercap {
 public:
  /// `path` such as "intel-rapl:0" or "intel-rapl:0/intel-rapl:0:1".
  void add(const std::string& path, const PowercapZone& zone) {
    zones_[path] = zone;
    folder_.write(path + "/name", zone.name + "\n");
    set_energy(path, zone.energy_uj);
    if (zone.range_uj) {
      folder_.write(path + "/max_energy_range_uj", std::to_string(*zone.range_uj) + "\n");
    }
    if (zone.max_power_uw) {
      folder_.write(path + "/constraint_0_max_power_uw", std::to_string(*zone.max_power_uw) + "\n");
    }
  }

  void set_energy(const std::string& path, std::uint64_t energy_uj) {
    zones_[path].energy_uj = energy_uj;
    folder_.write(path + "/energy_uj", std::to_string(energy_uj) + "\n");
  }

  /// Draws energy; the counter starts again at 0 at the end of its range.
  void draw(const std::string& path, std::uint64_t energy_uj) {
    const PowercapZone& zone = zones_.at(path);
    const std::uint64_t sum = zone.energy_uj + energy_uj;
    set_energy(path, zone.range_uj ? sum % (*zone.range_uj + 1) : sum);
  }

  void garble(const std::string& path) { folder_.write(path + "/energy_uj", "?\n"); }
  void mend(const std::string& path) { set_energy(path, zones_.at(path).energy_uj); }
  void remove(const std::string& path) { std::filesystem::remove_all(folder_.path() / path); }

  /// Only the owner may read the counter, and the folder itself stays open to everybody.
  void deny(const std::string& path) {
    namespace fs = std::filesystem;
    fs::permissions(folder_.path(), static_cast<fs::perms>(0755));
    fs::permissions(folder_.path() / path / "energy_uj", fs::perms::none);
  }

  /// Every zone draws its step.
  void step() {
    for (const auto& [path, zone] : zones_) {
      if (zone.step_uj > 0) draw(path, zone.step_uj);
    }
  }

  /// Opens with a test in which every zone draws its step, without waiting.
  [[nodiscard]] energy::OpenedMeters open(const std::filesystem::path& proc_root = "/nowhere") {
    return energy::open_rapl(clock_, {.powercap_root = folder_.path(),
                                      .sysfs_root = "/nowhere",
                                      .proc_root = proc_root,
                                      .wait = [this](Seconds) { step(); }});
  }

  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  ManualClock clock_;
  std::map<std::string, PowercapZone> zones_;
};

/// Lets a test that runs as root see what another user sees.
class OtherUser {
 public:
  OtherUser() : is_root_(::geteuid() == 0) { change(65534); }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() { change(0); }

 private:
  void change(uid_t user) const {
    if (is_root_ && ::seteuid(user) != 0) throw std::runtime_error("seteuid");
  }

  bool is_root_;
};

}  // namespace wattune::fake
