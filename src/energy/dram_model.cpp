#include "wattune/energy/dram_model.hpp"

#include <fmt/format.h>

#include <utility>

#include "kept_file.hpp"

namespace wattune::energy {
namespace {

/// The middle of the published figures, 0.284 to 0.392 W, and how far they lie apart.
constexpr Watts kPerGigabyte{0.34};
constexpr double kDramGain = 0.50;
constexpr double kKilobytesPerGigabyte = 1024.0 * 1024.0;

/// The kernel writes it first.
constexpr std::string_view kKey = "MemTotal:";

Watts power_of(std::uint64_t kilobytes) {
  return kPerGigabyte * (static_cast<double>(kilobytes) / kKilobytesPerGigabyte);
}

/// Looks at every read how much memory there is: a virtual machine may be given more.
class DramModel final : public Meter {
 public:
  DramModel(Channel channel, KeptFile meminfo, Watts power, MonotonicTime now)
      : channel_(std::move(channel)), meminfo_(std::move(meminfo)), power_(power), read_at_(now) {}

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{3600.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return power_; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override {
    const Result<std::uint64_t> kilobytes = meminfo_.read_number(kKey);
    if (!kilobytes) return fail(ErrorKind::Transient, kilobytes.error().message);
    total_ += power_ * elapsed(read_at_, now);
    power_ = power_of(*kilobytes);
    read_at_ = now;
    return Reading{to_microjoules(total_), now};
  }

 private:
  Channel channel_;
  KeptFile meminfo_;
  Watts power_;
  MonotonicTime read_at_;
  Joules total_;
};

}  // namespace

Result<std::unique_ptr<Meter>> open_dram_model(MonotonicTime now,
                                               const std::filesystem::path& proc_root) {
  Result<KeptFile> meminfo = KeptFile::open(proc_root / "meminfo");
  if (!meminfo) return tl::unexpected(meminfo.error());
  const Result<std::uint64_t> kilobytes = meminfo->read_number(kKey);
  if (!kilobytes || *kilobytes == 0) {
    return fail(ErrorKind::Invalid,
                meminfo->path().string() + ": does not tell how much memory there is");
  }
  Channel channel;
  channel.id = "dram:model";
  channel.kind = ChannelKind::Dram;
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kDramGain;
  channel.refresh = Seconds{1e-6};
  channel.source =
      fmt::format("modelled: {} W for each of {:.1f} GB installed, used or not",
                  kPerGigabyte.value(), static_cast<double>(*kilobytes) / kKilobytesPerGigabyte);
  return std::make_unique<DramModel>(std::move(channel), std::move(*meminfo), power_of(*kilobytes),
                                     now);
}

}  // namespace wattune::energy
