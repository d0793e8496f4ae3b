// A processor's power from its load and its rated power.
//
// Source   Boavizta and Teads: measured power of cloud processors at 0, 10, 50 and 100 % load as
//          shares of their rated power: 0.12, 0.32, 0.75, 1.02

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wattune/base/require.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/machine_cpu.hpp"

namespace wattune::energy {
namespace {

constexpr double kTdpGain = 0.30;
/// The curve is bent, so that a longer interval of changing load looks dearer than it was.
constexpr Seconds kLongestGap{10.0};
constexpr Seconds kPreferredGap{1.0};

struct Point {
  double load;
  double share;
};
constexpr std::array kCurve{Point{0.0, 0.12}, Point{0.1, 0.32}, Point{0.5, 0.75}, Point{1.0, 1.02}};

class TdpModel final : public Meter {
 public:
  TdpModel(Channel channel, Watts tdp, std::filesystem::path proc_root, const MachineCpuTime& start,
           MonotonicTime now)
      : channel_(std::move(channel)),
        tdp_(tdp),
        proc_root_(std::move(proc_root)),
        num_threads_(static_cast<double>(start.num_cpus)),
        busy_(start.busy),
        read_at_(now) {}

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return kLongestGap; }
  [[nodiscard]] Seconds preferred_gap() const override { return kPreferredGap; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return tdp_ * tdp_share(0.0); }

  [[nodiscard]] Result<Reading> read(MonotonicTime now) override {
    const Result<MachineCpuTime> cpu = read_machine_cpu(proc_root_);
    if (!cpu) return tl::unexpected(cpu.error());
    const Seconds length = elapsed(read_at_, now);
    if (length > Seconds{}) {
      const double load = (cpu->busy - busy_) / (length * num_threads_);
      total_ += tdp_ * tdp_share(load) * length;
      busy_ = std::max(busy_, cpu->busy);
      read_at_ = now;
    }
    return Reading{to_microjoules(total_), now};
  }

 private:
  Channel channel_;
  Watts tdp_;
  std::filesystem::path proc_root_;
  double num_threads_;
  Seconds busy_;
  MonotonicTime read_at_;
  Joules total_;
};

}  // namespace

double tdp_share(double load) {
  const double inside = std::clamp(load, 0.0, 1.0);
  for (std::size_t i = 1; i < kCurve.size(); ++i) {
    const Point& from = kCurve.at(i - 1);
    const Point& to = kCurve.at(i);
    if (inside > to.load) continue;
    return from.share + (to.share - from.share) * (inside - from.load) / (to.load - from.load);
  }
  return kCurve.back().share;
}

Result<std::unique_ptr<Meter>> open_tdp_model(MonotonicTime now, Watts tdp,
                                              const std::filesystem::path& proc_root) {
  WATTUNE_REQUIRE(tdp > Watts{});
  const Result<MachineCpuTime> start = read_machine_cpu(proc_root);
  if (!start) return tl::unexpected(start.error());
  if (start->num_cpus == 0) {
    return fail(ErrorKind::Invalid, (proc_root / "stat").string() + ": lists no processor");
  }
  Channel channel;
  channel.id = "cpu:model";
  channel.kind = ChannelKind::Package;
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kTdpGain;
  channel.refresh = Seconds{0.01};
  channel.source = fmt::format(
      "modelled from CPU time and a rated power of {} W: 0.12, 0.32, 0.75 and 1.02 of it at 0, 10, "
      "50 and 100 % load (Boavizta, Teads)",
      tdp.value());
  return std::make_unique<TdpModel>(std::move(channel), tdp, proc_root, *start, now);
}

}  // namespace wattune::energy
