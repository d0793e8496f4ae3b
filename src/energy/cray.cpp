#include "cray.hpp"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <system_error>

#include "counter_meter.hpp"
#include "kept_file.hpp"
#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr double kCrayGain = 0.05;
constexpr double kScanHz = 10.0;
constexpr Watts kNodeLimit{8000.0};
constexpr Watts kCpuLimit{2000.0};
constexpr Watts kMemoryLimit{600.0};
constexpr Watts kAcceleratorLimit{2000.0};
constexpr TickEnergy kJoule{1'000'000, 1};

/// Opens one counter of whole joules after another.
class CrayCounters {
 public:
  CrayCounters(const fs::path& folder, MonotonicTime now, CrayMeters& opened)
      : folder_(folder), now_(now), opened_(opened) {
    const auto hertz = read_number(folder / "raw_scan_hz");
    refresh_ = Seconds{1.0 / (hertz && *hertz > 0 ? static_cast<double>(*hertz) : kScanHz)};
  }

  /// `part` is the file's name without "energy": "" for the node, "cpu_", "accel0_".
  std::unique_ptr<Meter> open(const std::string& part, ChannelKind kind, Watts limit) {
    const fs::path path = folder_ / (part + "energy");
    Channel channel;
    channel.id = "cray:" + (part.empty() ? "node" : part.substr(0, part.size() - 1));
    channel.kind = kind;
    channel.gain_uncertainty = kCrayGain;
    channel.refresh = refresh_;
    channel.source = fmt::format("{}, counted in whole joules by the blade", path.string());
    if (is_gpu(kind)) channel.device_uuid = channel.id;
    if (!part.empty() && opened_.node) channel.contained_in = opened_.node->channel().id;

    Result<KeptFile> file = KeptFile::open(path);
    if (!file && file.error().kind == ErrorKind::NotFound) return nullptr;
    if (!file) return refuse(channel.id, file.error().message);
    auto kept = std::make_shared<KeptFile>(std::move(*file));  // Of the meter alone.
    const Result<std::uint64_t> first = kept->read_number();
    if (!first) return refuse(channel.id, first.error().message);
    if (*first == 0) return refuse(channel.id, "its counter stands at 0: nothing feeds it");
    auto meter = std::make_unique<CounterMeter>(
        std::move(channel), CounterLimits{std::nullopt, limit, refresh_, kJoule},
        [kept] { return kept->read_number(); });
    static_cast<void>(meter->read(now_));
    return meter;
  }

 private:
  std::unique_ptr<Meter> refuse(const std::string& id, std::string words) {
    opened_.notes.push_back({id, BackendState::Refused, std::move(words)});
    return nullptr;
  }

  const fs::path& folder_;
  MonotonicTime now_;
  CrayMeters& opened_;
  Seconds refresh_;
};

/// "accel0_", "accel1_", ... in this order.
std::set<std::string> accelerators_in(const fs::path& folder) {
  std::set<std::string> parts;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("accel") || !name.ends_with("_energy")) continue;
    parts.insert(name.substr(0, name.size() - std::string("energy").size()));
  }
  return parts;
}

}  // namespace

CrayMeters open_cray(MonotonicTime now, const fs::path& sysfs_root) {
  CrayMeters opened;
  const fs::path folder = sysfs_root / "cray/pm_counters";
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    opened.notes.push_back(
        {"cray", BackendState::Absent, fmt::format("no counters at {}", folder.string())});
    return opened;
  }
  CrayCounters counters(folder, now, opened);
  opened.node = counters.open("", ChannelKind::Node, kNodeLimit);
  opened.cpu = counters.open("cpu_", ChannelKind::Package, kCpuLimit);
  opened.memory = counters.open("memory_", ChannelKind::Dram, kMemoryLimit);
  for (const std::string& part : accelerators_in(folder)) {
    auto meter = counters.open(part, ChannelKind::Gpu, kAcceleratorLimit);
    if (meter) opened.accelerators.push_back(std::move(meter));
  }
  return opened;
}

}  // namespace wattune::energy
