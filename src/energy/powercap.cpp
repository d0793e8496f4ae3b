#include "powercap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <system_error>

#include "counter_meter.hpp"
#include "kept_file.hpp"
#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr double kSharedGain = 0.20;
/// The programs that write such folders do so every five seconds.
constexpr Seconds kSharedRefresh{5.0};

constexpr std::string_view kOpenToAGroup =
    "sudo groupadd --force energy\n"
    "sudo usermod --append --groups energy \"$USER\"\n"
    "echo 'SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chgrp energy /sys%p/energy_uj\", "
    "RUN+=\"/bin/chmod g+r /sys%p/energy_uj\"' | sudo tee /etc/udev/rules.d/70-wattune.rules\n"
    "sudo udevadm control --reload\n"
    "sudo udevadm trigger --action=add --subsystem-match=powercap\n"
    "# then log in again";
constexpr std::string_view kMountIntoContainer =
    "# start the container with these options:\n"
    "docker run --volume /sys/devices/virtual/powercap/intel-rapl:/powercap:ro "
    "--env WATTUNE_POWERCAP_ROOT=/powercap ...";

/// The number behind a prefix, which is taken off together with it.
std::optional<int> take_int_after(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  std::string_view rest = text.substr(prefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text = rest.substr(static_cast<std::size_t>(end - rest.data()));
  return number;
}

/// "package-0", "package-0-die-1", "psys" or "psys-1"; nothing for any other name.
std::optional<RaplDomain> outer_domain(std::string_view name) {
  RaplDomain domain;
  if (name == "psys") return RaplDomain{std::nullopt, std::nullopt, ChannelKind::Platform};
  if (const auto socket = take_int_after(name, "psys-")) {
    if (!name.empty()) return std::nullopt;
    return RaplDomain{*socket, std::nullopt, ChannelKind::Platform};
  }
  domain.socket = take_int_after(name, "package-");
  if (!domain.socket) return std::nullopt;
  if (!name.empty()) domain.die = take_int_after(name, "-die-");
  return name.empty() ? std::optional(domain) : std::nullopt;
}

std::optional<RaplDomain> inner_domain(std::string_view name, const RaplDomain& package) {
  static const std::map<std::string_view, ChannelKind> kKinds{
      {"core", ChannelKind::Core}, {"uncore", ChannelKind::Uncore}, {"dram", ChannelKind::Dram}};
  const auto kind = kKinds.find(name);
  if (kind == kKinds.end()) return std::nullopt;
  return RaplDomain{package.socket, package.die, kind->second};
}

struct Zone {
  fs::path folder;
  std::string file_name;  ///< "intel-rapl:0" or "intel-rapl:0:1".
  std::string name;       ///< What the zone calls itself; empty if it does not say.
  std::optional<RaplDomain> domain;
};

Zone make_zone(const std::string& file_name, const fs::path& folder, const Zone* parent) {
  Zone zone{folder, file_name, read_word(folder / "name").value_or(""), std::nullopt};
  if (parent == nullptr) zone.domain = outer_domain(zone.name);
  if (parent != nullptr && parent->domain) zone.domain = inner_domain(zone.name, *parent->domain);
  return zone;
}

std::map<std::string, fs::path> entries_of(const fs::path& folder, std::string_view prefix) {
  std::map<std::string, fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix)) found.emplace(name, entry->path());
  }
  return found;
}

/// Every zone below the root; the kernel shows inner zones both there and inside their parent.
std::vector<Zone> find_zones(const fs::path& root) {
  std::vector<Zone> zones;
  for (const char* control : {"intel-rapl:", "intel-rapl-mmio:"}) {
    const std::map<std::string, fs::path> listed = entries_of(root, control);
    for (const auto& [name, folder] : listed) {
      if (std::ranges::count(name, ':') != 1) continue;
      const Zone outer = make_zone(name, folder, nullptr);
      zones.push_back(outer);
      std::map<std::string, fs::path> inner = entries_of(folder, name + ":");
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

RaplWay way_of(const Zone& zone) {
  return zone.file_name.starts_with("intel-rapl-mmio") ? RaplWay::Mmio : RaplWay::Powercap;
}

std::optional<Watts> rated_power(const fs::path& folder) {
  const Result<std::uint64_t> rated = read_number(folder / "constraint_0_max_power_uw");
  if (!rated || *rated == 0) return std::nullopt;
  return Watts{static_cast<double>(*rated) * 1e-6};
}

/// Sorts zones into those that can be read and notes on the others.
class ZoneReader {
 public:
  explicit ZoneReader(RaplViews& found) : found_(found) {}

  void take(const Zone& zone) {
    if (zone.name.empty()) {
      refuse(zone, "says nothing of itself: masked, as container runtimes do", kMountIntoContainer);
      return;
    }
    if (!zone.domain) {
      refuse(zone, fmt::format("\"{}\" is not a zone that is known", zone.name));
      return;
    }
    if (const auto view = open(zone)) {
      found_.views.push_back(*view);
    } else {
      found_.unreadable.push_back(*zone.domain);
    }
  }

 private:
  void refuse(const Zone& zone, std::string_view words, std::string_view remedy = {}) {
    const std::string name = zone.domain         ? zone.domain->text()
                             : zone.name.empty() ? zone.file_name
                                                 : zone.name;
    found_.notes.push_back({fmt::format("{}:{}", to_text(way_of(zone)), name),
                            BackendState::Refused, fmt::format("{}: {}", zone.file_name, words),
                            std::string(remedy)});
  }

  std::optional<RaplView> open(const Zone& zone) {
    Result<KeptFile> file = KeptFile::open(zone.folder / "energy_uj");
    if (!file && file.error().kind == ErrorKind::Permission) {
      refuse(zone, "energy_uj may be read by root only", kOpenToAGroup);
      return std::nullopt;
    }
    if (!file) {
      refuse(zone, "its counter cannot be read: " + file.error().message);
      return std::nullopt;
    }
    auto kept = std::make_shared<KeptFile>(std::move(*file));  // Of the view and of its meter.
    const Result<std::uint64_t> energy = kept->read_number();
    if (!energy) {
      refuse(zone, "its counter cannot be read: " + energy.error().message);
      return std::nullopt;
    }
    const Result<std::uint64_t> range = read_number(zone.folder / "max_energy_range_uj");
    if (!range || *range == 0) {
      refuse(zone, "its range is unknown, so a turn of the counter could not be told");
      return std::nullopt;
    }
    const CounterLimits limits{
        *range + 1, rapl_power_limit(zone.domain->kind, rated_power(zone.folder)), kRaplRefresh};
    return RaplView{*zone.domain, way_of(zone), zone.file_name, limits,
                    [kept] { return kept->read_number(); }};
  }

  RaplViews& found_;
};

/// What a shared zone covers, if it is to be added; one without a name is taken for a package.
std::optional<ChannelKind> shared_kind(const Zone& zone) {
  if (way_of(zone) == RaplWay::Mmio) return std::nullopt;
  if (zone.domain) {
    const ChannelKind kind = zone.domain->kind;
    const bool is_added = kind == ChannelKind::Package || kind == ChannelKind::Dram;
    return is_added ? std::optional(kind) : std::nullopt;
  }
  const bool is_outer = std::ranges::count(zone.file_name, ':') == 1;
  return zone.name.empty() && is_outer ? std::optional(ChannelKind::Package) : std::nullopt;
}

Channel make_shared_channel(const Zone& zone, ChannelKind kind, const fs::path& root) {
  Channel channel;
  channel.id = "shared:" + (zone.domain ? zone.domain->text() : zone.file_name);
  channel.kind = kind;
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kSharedGain;
  channel.refresh = kSharedRefresh;
  channel.source =
      fmt::format("{} under {}, as another program apportions it", zone.file_name, root.string());
  if (zone.domain) channel.socket = zone.domain->socket;
  return channel;
}

}  // namespace

RaplViews find_powercap_views(const fs::path& root) {
  RaplViews found;
  ZoneReader reader(found);
  const std::vector<Zone> zones = find_zones(root);
  for (const Zone& zone : zones) reader.take(zone);
  if (zones.empty()) {
    found.notes.push_back({"powercap", BackendState::Absent,
                           fmt::format("no powercap zone under {}", root.string())});
  }
  return found;
}

std::optional<Watts> rated_package_power(const fs::path& root) {
  Watts sum;
  std::set<RaplDomain> packages;
  for (const Zone& zone : find_zones(root)) {
    if (!zone.domain || zone.domain->kind != ChannelKind::Package) continue;
    if (!packages.insert(*zone.domain).second) continue;
    const std::optional<Watts> rated = rated_power(zone.folder);
    if (!rated) return std::nullopt;
    sum += *rated;
  }
  return packages.empty() ? std::nullopt : std::optional(sum);
}

OpenedMeters open_shared_powercap(MonotonicTime now, const fs::path& root) {
  OpenedMeters opened;
  for (const Zone& zone : find_zones(root)) {
    const std::optional<ChannelKind> kind = shared_kind(zone);
    if (!kind) continue;
    Channel channel = make_shared_channel(zone, *kind, root);
    Result<KeptFile> file = KeptFile::open(zone.folder / "energy_uj");
    if (!file) {
      opened.notes.push_back({channel.id, BackendState::Refused, file.error().message});
      continue;
    }
    auto kept = std::make_shared<KeptFile>(std::move(*file));  // Of the meter alone.
    CounterLimits limits{std::nullopt, rapl_power_limit(*kind, rated_power(zone.folder)),
                         channel.refresh};
    const Result<std::uint64_t> range = read_number(zone.folder / "max_energy_range_uj");
    if (range && *range > 0) limits.modulus = *range + 1;
    opened.notes.push_back({channel.id, BackendState::Used, channel.source});
    opened.meters.push_back(std::make_unique<CounterMeter>(std::move(channel), limits,
                                                           [kept] { return kept->read_number(); }));
    static_cast<void>(opened.meters.back()->read(now));
  }
  if (opened.meters.empty() && opened.notes.empty()) {
    opened.notes.push_back(
        {"shared", BackendState::Absent, fmt::format("no powercap zone under {}", root.string())});
  }
  return opened;
}

}  // namespace wattune::energy
