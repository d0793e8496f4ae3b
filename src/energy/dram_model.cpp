#include "wattune/energy/dram_model.hpp"

#include <fmt/format.h>

#include <utility>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

/// The middle of the published figures, 0.284 to 0.392 W, and how far they lie apart.
constexpr Watts kPerGigabyte{0.34};
constexpr double kGain = 0.50;
constexpr double kKilobytesPerGigabyte = 1024.0 * 1024.0;

class DramModel final : public Meter {
 public:
  DramModel(Channel channel, Watts power, MonotonicTime now)
      : channel_(std::move(channel)), power_(power), started_(now) {}

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{3600.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return power_; }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override {
    return Reading{to_microjoules(power_ * elapsed(started_, now)), now};
  }

 private:
  Channel channel_;
  Watts power_;
  MonotonicTime started_;
};

}  // namespace

Result<std::unique_ptr<Meter>> open_dram_model(MonotonicTime now,
                                               const std::filesystem::path& proc_root) {
  const std::filesystem::path path = proc_root / "meminfo";
  const Result<std::string> text = read_small_file(path);
  if (!text) return tl::unexpected(text.error());
  constexpr std::string_view kKey = "MemTotal:";
  const auto at = text->find(kKey);
  std::string_view rest = at == std::string::npos
                              ? std::string_view{}
                              : std::string_view(*text).substr(at + kKey.size());
  const std::optional<std::uint64_t> kilobytes = take_number(rest);
  if (!kilobytes || *kilobytes == 0) {
    return fail(ErrorKind::Invalid, path.string() + ": does not tell how much memory there is");
  }
  const double gigabytes = static_cast<double>(*kilobytes) / kKilobytesPerGigabyte;
  Channel channel;
  channel.id = "dram:model";
  channel.kind = ChannelKind::Dram;
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kGain;
  channel.refresh = Seconds{1e-6};
  channel.source = fmt::format("modelled: {} W for each of {:.1f} GB installed, used or not",
                               kPerGigabyte.value(), gigabytes);
  return std::make_unique<DramModel>(std::move(channel), kPerGigabyte * gigabytes, now);
}

}  // namespace wattune::energy
