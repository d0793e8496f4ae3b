#include "wattune/energy/rapl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

#include "counter_meter.hpp"
#include "small_file.hpp"
#include "wattune/energy/cpu_model.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr int kNumSamples = 4;
constexpr Watts kLeastPackageLimit{400.0};
constexpr Watts kLeastDramLimit{150.0};
constexpr Seconds kRefresh{0.001};
/// Two dies are read one after the other: so far may one counter move on in between.
constexpr std::uint64_t kMirrorTolerance = 500'000;

struct Zone {
  fs::path folder;
  std::string file_name;  ///< "intel-rapl:0" or "intel-rapl:0:1".
  std::string name;       ///< "package-0", or "package-0:dram" for a zone inside it.
  std::string kind;       ///< The zone's own name without numbers: "package", "dram", "psys", ...
  std::optional<int> socket;
  bool is_mmio = false;
  std::uint64_t range_uj = 0;
  std::vector<std::uint64_t> samples;
};

/// "package-0" and "package-0-die-1" -> 0; nothing for any other name.
std::optional<int> socket_of(std::string_view name) {
  constexpr std::string_view kPrefix = "package-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int socket = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), socket);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  if (!rest.empty() && !rest.starts_with("-die-")) return std::nullopt;
  return socket;
}

std::map<std::string, fs::path> folders_in(const fs::path& folder, std::string_view prefix) {
  std::map<std::string, fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix)) found.emplace(name, entry->path());
  }
  return found;
}

Zone make_zone(const std::string& file_name, const fs::path& folder, const Zone* parent) {
  Zone zone;
  zone.folder = folder;
  zone.file_name = file_name;
  zone.is_mmio = file_name.starts_with("intel-rapl-mmio");
  const std::string own_name = read_word(folder / "name").value_or("");
  zone.socket = parent != nullptr ? parent->socket : socket_of(own_name);
  zone.kind = socket_of(own_name) ? "package" : own_name;
  zone.name = parent != nullptr ? parent->name + ":" + own_name : own_name;
  return zone;
}

/// Every zone below the root; the kernel shows inner zones both there and inside their parent.
std::vector<Zone> find_zones(const fs::path& root) {
  std::vector<Zone> zones;
  for (const char* control : {"intel-rapl:", "intel-rapl-mmio:"}) {
    const std::map<std::string, fs::path> listed = folders_in(root, control);
    for (const auto& [name, folder] : listed) {
      if (std::ranges::count(name, ':') != 1) continue;
      const Zone outer = make_zone(name, folder, nullptr);
      zones.push_back(outer);
      std::map<std::string, fs::path> inner = folders_in(folder, name + ":");
      for (const auto& [other, path] : listed) {
        if (other.starts_with(name + ":")) inner.emplace(other, path);
      }
      for (const auto& [inner_name, path] : inner) {
        zones.push_back(make_zone(inner_name, path, &outer));
      }
    }
  }
  return zones;
}

/// Why a zone must not be added to the others, if so.
std::optional<std::string> why_not_added(const Zone& zone) {
  if (zone.kind == "package" || zone.kind == "dram") return std::nullopt;
  if (zone.kind == "psys") return "contains the packages: adding it would count them twice";
  if (zone.kind == "core" || zone.kind == "uncore") return "is already part of its package";
  return fmt::format("\"{}\" is not a zone that is known", zone.kind);
}

std::string permission_words(const Zone& zone) {
  return fmt::format(
      "{} may be read by root only; allow it with `sudo chgrp <group> {} && sudo chmod g+r {}` "
      "(put it into a udev rule to keep it after a restart), or give the program "
      "CAP_DAC_READ_SEARCH",
      (zone.folder / "energy_uj").string(), (zone.folder / "energy_uj").string(),
      (zone.folder / "energy_uj").string());
}

/// Why a zone cannot be read, if so; otherwise its range and first sample are filled in.
std::optional<std::string> why_not_readable(Zone& zone) {
  const Result<std::uint64_t> energy = read_number(zone.folder / "energy_uj");
  if (!energy && energy.error().kind == ErrorKind::Permission) return permission_words(zone);
  if (!energy) return "its counter cannot be read: " + energy.error().message;
  const Result<std::uint64_t> range = read_number(zone.folder / "max_energy_range_uj");
  if (!range || *range == 0) {
    return "its range is unknown, so a turn of the counter could not be told";
  }
  zone.range_uj = *range;
  zone.samples.push_back(*energy);
  return std::nullopt;
}

void sample(std::vector<Zone>& zones, const RaplOptions& options) {
  for (int i = 1; i < kNumSamples && !zones.empty(); ++i) {
    if (options.wait) {
      options.wait(options.sample_gap);
    } else {
      std::this_thread::sleep_for(std::chrono::duration<double>(options.sample_gap.value()));
    }
    for (Zone& zone : zones) {
      const Result<std::uint64_t> energy = read_number(zone.folder / "energy_uj");
      if (energy) zone.samples.push_back(*energy);
    }
  }
}

bool has_moved(const Zone& zone) {
  return std::ranges::any_of(zone.samples,
                             [&](std::uint64_t raw) { return raw != zone.samples[0]; });
}

bool mirrors(const Zone& one, const Zone& other) {
  if (one.kind != other.kind || one.socket != other.socket || one.is_mmio != other.is_mmio) {
    return false;
  }
  if (one.samples.size() < 3 || one.samples.size() != other.samples.size()) return false;
  return std::ranges::equal(one.samples, other.samples, [](std::uint64_t a, std::uint64_t b) {
    return std::max(a, b) - std::min(a, b) <= kMirrorTolerance;
  });
}

/// Why a zone that can be read is not used beside those already chosen, if so.
std::optional<std::string> why_not_used(const Zone& zone, const std::vector<Zone>& chosen) {
  if (!has_moved(zone)) {
    return fmt::format("its counter stood at {} µJ: a phantom, as virtual machines show it",
                       zone.samples[0]);
  }
  for (const Zone& other : chosen) {
    if (other.name == zone.name) return "is the same energy as " + other.file_name;
    if (mirrors(other, zone)) return fmt::format("mirrors {} ({})", other.name, other.file_name);
  }
  return std::nullopt;
}

Watts power_limit(const Zone& zone) {
  const Watts least = zone.kind == "dram" ? kLeastDramLimit : kLeastPackageLimit;
  const Result<std::uint64_t> rated = read_number(zone.folder / "constraint_0_max_power_uw");
  if (!rated) return least;
  return std::max(least, Watts{static_cast<double>(*rated) * 1e-6 * 2.0});
}

Channel make_channel(const Zone& zone, const CpuIdentity& cpu) {
  Channel channel;
  channel.id = "rapl:" + zone.name;
  channel.kind = zone.kind == "dram" ? ChannelKind::Dram : ChannelKind::Package;
  channel.refresh = kRefresh;
  channel.gain_uncertainty = zone.kind == "dram"            ? 0.10
                             : cpu.vendor == "GenuineIntel" ? 0.05
                                                            : 0.15;
  channel.source = fmt::format("RAPL counter of {} through {}", zone.name, zone.file_name);
  if (cpu.is_virtual) {
    channel.provenance = Provenance::Modelled;
    channel.gain_uncertainty = 0.20;
    channel.source += ", which the host of this virtual machine apportions";
  }
  return channel;
}

std::unique_ptr<Meter> make_meter(const Zone& zone, const CpuIdentity& cpu, MonotonicTime now) {
  const CounterLimits limits{zone.range_uj + 1, power_limit(zone), kRefresh};
  const fs::path file = zone.folder / "energy_uj";
  auto meter = std::make_unique<CounterMeter>(
      make_channel(zone, cpu), limits, [file]() -> Result<std::uint64_t> {
        Result<std::uint64_t> raw = read_number(file);
        if (!raw && raw.error().kind == ErrorKind::NotFound) {
          return fail(ErrorKind::Ended, raw.error().message);
        }
        return raw;
      });
  static_cast<void>(meter->read(now));
  return meter;
}

/// Sorts zones into those that are used and notes on all the others.
class Selection {
 public:
  Selection(OpenedMeters& opened, const RaplOptions& options) : opened_(opened) {
    std::vector<Zone> readable = readable_zones(options.root);
    sample(readable, options);
    for (const Zone& zone : readable) {
      if (auto reason = why_not_used(zone, chosen_)) {
        if (!has_moved(zone)) lost_.insert({zone.name, zone.kind});
        refuse(zone, *reason);
      } else {
        chosen_.push_back(zone);
      }
    }
    drop_an_incomplete_machine();
  }

  [[nodiscard]] const std::vector<Zone>& chosen() const { return chosen_; }

 private:
  void refuse(const Zone& zone, std::string_view words) {
    opened_.notes.push_back(
        {"rapl:" + zone.name, BackendState::Refused, fmt::format("{}: {}", zone.file_name, words)});
  }

  std::vector<Zone> readable_zones(const fs::path& root) {
    std::vector<Zone> readable;
    std::vector<Zone> zones = find_zones(root);
    for (Zone& zone : zones) {
      if (auto reason = why_not_added(zone)) {
        refuse(zone, *reason);
      } else if (auto obstacle = why_not_readable(zone)) {
        lost_.insert({zone.name, zone.kind});
        refuse(zone, *obstacle);
      } else {
        readable.push_back(zone);
      }
    }
    if (zones.empty()) {
      opened_.notes.push_back(
          {"rapl", BackendState::Absent, fmt::format("no powercap zone under {}", root.string())});
    }
    return readable;
  }

  /// Packages that can be read stand for the machine only together with all the others.
  void drop_an_incomplete_machine() {
    for (const Zone& zone : chosen_) lost_.erase({zone.name, zone.kind});
    const auto lost = std::ranges::find(lost_, "package", &NameAndKind::second);
    const bool has_package = std::ranges::count(chosen_, "package", &Zone::kind) > 0;
    if (has_package && lost == lost_.end()) return;
    for (const Zone& zone : chosen_) {
      refuse(zone, lost != lost_.end()
                       ? fmt::format("not used without {}, which cannot be read", lost->first)
                       : std::string("not used without its package"));
    }
    chosen_.clear();
  }

  using NameAndKind = std::pair<std::string, std::string>;
  OpenedMeters& opened_;
  std::vector<Zone> chosen_;
  std::set<NameAndKind> lost_;  ///< Real energy that no zone can show.
};

}  // namespace

OpenedMeters open_rapl(const Clock& clock, const RaplOptions& options) {
  OpenedMeters opened;
  const Selection selection(opened, options);
  const CpuIdentity cpu =
      parse_cpu_identity(read_small_file(options.proc_root / "cpuinfo").value_or(""));
  for (const Zone& zone : selection.chosen()) {
    opened.meters.push_back(make_meter(zone, cpu, clock.now()));
    const Channel& channel = opened.meters.back()->channel();
    opened.notes.push_back({channel.id, BackendState::Used, channel.source});
  }
  return opened;
}

}  // namespace wattune::energy
