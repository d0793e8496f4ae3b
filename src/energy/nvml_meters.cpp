#include "nvml_meters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "counter_check.hpp"
#include "counter_meter.hpp"
#include "failover_meter.hpp"
#include "gpu_instance_meter.hpp"
#include "nvml_boards.hpp"
#include "power_meter.hpp"
#include "timed_meter.hpp"

namespace wattune::energy {
namespace {

constexpr double kCounterGain = 0.05;
constexpr double kInstanceGain = 0.30;
/// Counter and sensor may be so far apart before the counter's error is widened.
constexpr double kFactor = 1.3;
constexpr Seconds kOneSecondMean{1.0};

/// A board that is being opened, and what its counter did.
struct Candidate {
  NvmlBoard board;
  CounterWatch watch;
};

/// A meter, and what is to be told about it.
struct Way {
  std::unique_ptr<Meter> meter;
  std::string words;
  std::size_t place = 0;  ///< In the order of ways, best first.
};

class MeterOpener {
 public:
  MeterOpener(std::shared_ptr<const NvmlLibrary> library, const Clock& clock)
      : library_(std::move(library)), clock_(&clock) {}

  [[nodiscard]] Result<Way> open(const Candidate& candidate, std::string& reasons) const;
  /// The ways to go on where the one that was opened fails.
  [[nodiscard]] std::vector<OpenFallback> ways_after(const Way& way,
                                                     const Candidate& candidate) const;

 private:
  using Opening = Result<Way> (MeterOpener::*)(const Candidate&) const;
  static const std::array<Opening, 4> kWays;  ///< Best first.

  [[nodiscard]] Result<Way> by_counter(const Candidate& candidate) const;
  [[nodiscard]] Result<Way> by_instant_power(const Candidate& candidate) const;
  [[nodiscard]] Result<Way> by_power_usage(const Candidate& candidate) const;
  [[nodiscard]] Result<Way> by_model(const Candidate& candidate) const;
  [[nodiscard]] std::unique_ptr<Meter> integrate(Channel channel, Watts max_power,
                                                 PowerMeter::ReadPower ask) const;

  std::shared_ptr<const NvmlLibrary> library_;
  const Clock* clock_;
};

Channel make_channel(const NvmlBoard& board, std::string_view what) {
  Channel channel;
  channel.id = "nvml:" + board.info.uuid;
  channel.kind = ChannelKind::Gpu;
  channel.source = fmt::format("{} of {} (NVML, GPU {})", what, board.info.name, board.info.index);
  channel.device_uuid = board.info.uuid;
  channel.refresh = board.architecture.refresh;
  return channel;
}

void make_module(Channel& channel, const NvmlBoard& board) {
  channel.kind = ChannelKind::GpuModule;
  channel.socket = board.info.socket;
  channel.source += "; covers the whole module with its CPU";
}

Result<std::uint64_t> microjoules_of(const Result<std::uint64_t>& millijoules) {
  return millijoules.map([](std::uint64_t value) { return value * 1000; });
}

/// A failure that the next attempt may not have is no reason against a way.
bool is_final(const Error& error) {
  return error.kind != ErrorKind::Transient;
}

/// Why a power sensor cannot be integrated, if so.
std::optional<Error> why_no_power(const Result<Watts>& power, const char* what) {
  if (!power && is_final(power.error())) return power.error();
  if (power && !(*power > Watts{})) {
    return Error{
        ErrorKind::NotFound,
        fmt::format("{} shows 0 W, and nothing that is switched on draws so little", what)};
  }
  return std::nullopt;
}

/// The gain error of a counter that tells `ratio` times what the sensor tells: the truth may be
/// what the sensor says.
double widened_gain(double ratio) {
  return std::min(1.0, std::max(ratio, 1.0 / ratio) - 1.0 + kCounterGain);
}

Result<Way> MeterOpener::by_counter(const Candidate& candidate) const {
  const NvmlBoard& board = candidate.board;
  const NvmlSample first = library_->sample(board.device, board.scope);
  if (!first.energy_mj && is_final(first.energy_mj.error())) {
    return tl::unexpected(first.energy_mj.error());
  }
  const CounterCheck check = candidate.watch.check(kFactor);
  if (check.verdict == CounterVerdict::Still || check.verdict == CounterVerdict::Fell) {
    return fail(ErrorKind::Invalid, "energy counter " + check.words());
  }
  Channel channel = make_channel(board, "energy counter");
  if (board.info.is_module) make_module(channel, board);
  channel.gain_uncertainty =
      check.verdict == CounterVerdict::Disagrees ? widened_gain(*check.ratio) : kCounterGain;
  if (check.refresh) channel.refresh = *check.refresh;
  const CounterLimits limits{std::nullopt, board.max_power, channel.refresh};
  auto times = std::make_shared<CallTimes>(*clock_);
  auto counter = std::make_unique<CounterMeter>(
      channel, limits, [library = library_, device = board.device, scope = board.scope, times] {
        times->begin_call();
        const NvmlSample sample = library->sample(device, scope);
        times->end_call(sample.taken_at);
        return microjoules_of(sample.energy_mj);
      });
  auto meter = std::make_unique<TimedMeter>(std::move(counter), std::move(times));
  return Way{std::move(meter),
             fmt::format("{}; {}; moves every {:.0f} ms{}; a call takes {:.1f} ms", channel.source,
                         check.words(), channel.refresh.value() * 1e3,
                         check.refresh ? "" : " by the table", check.latency.value() * 1e3)};
}

std::unique_ptr<Meter> MeterOpener::integrate(Channel channel, Watts max_power,
                                              PowerMeter::ReadPower ask) const {
  auto times = std::make_shared<CallTimes>(*clock_);
  auto integral =
      std::make_unique<PowerMeter>(std::move(channel), max_power, [times, ask = std::move(ask)] {
        times->begin_call();
        Result<Watts> power = ask();
        times->end_call();
        return power;
      });
  return std::make_unique<TimedMeter>(std::move(integral), std::move(times));
}

Result<Way> MeterOpener::by_instant_power(const Candidate& candidate) const {
  const NvmlBoard& board = candidate.board;
  const NvmlSample first = library_->sample(board.device, board.scope);
  if (const auto reason = why_no_power(first.instant_power, "instant power")) {
    return tl::unexpected(*reason);
  }
  Channel channel = make_channel(board, "instant power");
  if (board.scope == NvmlScope::Module) make_module(channel, board);
  channel.provenance = Provenance::Integrated;
  channel.gain_uncertainty = board.architecture.instant_gain;
  auto meter = integrate(channel, board.max_power,
                         [library = library_, device = board.device, scope = board.scope] {
                           return library->sample(device, scope).instant_power;
                         });
  return Way{std::move(meter), fmt::format("{}, integrated; the sensor of {} sees {:.0f} ms of "
                                           "every {:.0f} ms",
                                           channel.source, board.architecture.family,
                                           board.architecture.window.value() * 1e3,
                                           board.architecture.refresh.value() * 1e3)};
}

Result<Way> MeterOpener::by_power_usage(const Candidate& candidate) const {
  const NvmlBoard& board = candidate.board;
  if (const auto reason = why_no_power(library_->power_usage(board.device), "power")) {
    return tl::unexpected(*reason);
  }
  Channel channel = make_channel(board, "power");
  channel.provenance = Provenance::Integrated;
  channel.gain_uncertainty = board.architecture.usage_gain;
  if (board.architecture.usage_is_mean) channel.refresh = kOneSecondMean;
  auto meter = integrate(channel, board.max_power, [library = library_, board] {
    return library->power_usage(board.device);
  });
  return Way{std::move(meter), channel.source + ", integrated"};
}

Result<Way> MeterOpener::by_model(const Candidate& candidate) const {
  const NvmlBoard& board = candidate.board;
  const Result<double> busy = library_->utilisation(board.device);
  if (!busy && is_final(busy.error())) return tl::unexpected(busy.error());
  Result<Watts> limit = library_->enforced_limit(board.device);
  if (!limit) limit = library_->default_limit(board.device);
  if (!limit) return tl::unexpected(limit.error());
  Channel channel = make_channel(board, "time in which something runs on it and power limit");
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kGpuModelGain;
  channel.refresh = kOneSecondMean;
  auto meter = integrate(
      channel, board.max_power, [library = library_, board, found = *limit]() -> Result<Watts> {
        const Watts most = library->enforced_limit(board.device).value_or(found);  // may change
        return library->utilisation(board.device).map([most](double utilisation) {
          return gpu_model_power(utilisation, most);
        });
      });
  return Way{std::move(meter), "modelled from " + channel.source};
}

const std::array<MeterOpener::Opening, 4> MeterOpener::kWays{
    &MeterOpener::by_counter, &MeterOpener::by_instant_power, &MeterOpener::by_power_usage,
    &MeterOpener::by_model};

std::vector<OpenFallback> MeterOpener::ways_after(const Way& way,
                                                  const Candidate& candidate) const {
  std::vector<OpenFallback> others;
  for (std::size_t place = way.place + 1; place < kWays.size(); ++place) {
    others.emplace_back([opener = *this, candidate, place](MonotonicTime) {
      return (opener.*kWays[place])(candidate).map(
          [](Way opened) { return std::move(opened.meter); });
    });
  }
  return others;
}

/// The first way that works. `reasons` tells why those before it did not.
Result<Way> MeterOpener::open(const Candidate& candidate, std::string& reasons) const {
  for (std::size_t place = 0; place < kWays.size(); ++place) {
    Result<Way> opened = (this->*kWays[place])(candidate);
    if (opened) {
      opened->place = place;
      return opened;
    }
    if (!reasons.empty()) reasons += "; ";
    reasons += opened.error().message;
  }
  return fail(ErrorKind::NotFound, reasons);
}

/// Whether the board has a counter at all.
bool has_counter(const NvmlLibrary& library, const NvmlBoard& board) {
  const NvmlSample sample = library.sample(board.device, board.scope);
  return sample.energy_mj || !is_final(sample.energy_mj.error());
}

/// Reads all counters side by side for a while, so that those that lie are found out.
void watch_counters(std::vector<Candidate>& candidates, const NvmlLibrary& library,
                    const Clock& clock, const NvmlOptions& options) {
  std::vector<Candidate*> with_counter;
  std::vector<WatchedCounter> watched;
  for (Candidate& candidate : candidates) {
    const NvmlBoard& board = candidate.board;
    if (!has_counter(library, board)) continue;
    with_counter.push_back(&candidate);
    watched.push_back({[&library, &board] {
      const NvmlSample sample = library.sample(board.device, board.scope);
      return CounterSample{microjoules_of(sample.energy_mj), sample.instant_power};
    }});
  }
  watch_together(watched, clock, {options.watch, options.watch_gap, options.wait});
  for (std::size_t i = 0; i < watched.size(); ++i) {
    with_counter[i]->watch = std::move(watched[i].watch);
  }
}

void observe_instances(const NvmlBoard& board, const std::shared_ptr<BoardTotal>& total,
                       OpenedMeters& opened) {
  for (const MigSlice& slice : board.info.instances) {
    Channel channel =
        make_channel(board, fmt::format("share {}/{}", slice.num_slices, board.info.num_slices));
    channel.id = "nvml:" + slice.uuid;
    channel.kind = ChannelKind::GpuInstance;
    channel.provenance = Provenance::Modelled;
    channel.gain_uncertainty = kInstanceGain;
    channel.device_uuid = slice.uuid;
    channel.contained_in = "nvml:" + board.info.uuid;
    opened.notes.push_back(
        {channel.id, BackendState::Used, channel.source + "; shown, not added: the board has it"});
    opened.observed.push_back(std::make_unique<GpuInstanceMeter>(
        std::move(channel), total, std::min(slice.num_slices, board.info.num_slices),
        board.info.num_slices));
  }
}

void open_board(const Candidate& candidate, const MeterOpener& opener, const Clock& clock,
                OpenedMeters& opened) {
  const GpuInfo& info = candidate.board.info;
  const std::string id = "nvml:" + info.uuid;
  std::string reasons;
  Result<Way> way = opener.open(candidate, reasons);
  if (!way) {
    opened.notes.push_back(
        {id, BackendState::Refused,
         fmt::format("{}: the driver measures nothing on this device (Jetson boards have their "
                     "sensors under hwmon): {}",
                     info.name, reasons)});
    return;
  }
  std::string words = way->words;
  if (!reasons.empty()) words += fmt::format(" (because: {})", reasons);
  opened.notes.push_back({id, BackendState::Used, std::move(words)});
  std::unique_ptr<Meter> meter =
      std::make_unique<FailoverMeter>(std::move(way->meter), opener.ways_after(*way, candidate));
  if (!info.instances.empty()) {
    auto total = std::make_shared<BoardTotal>();
    meter = std::make_unique<BoardMeter>(std::move(meter), total);
    observe_instances(candidate.board, total, opened);
  }
  static_cast<void>(meter->read(clock.now()));
  opened.meters.push_back(std::move(meter));
}

}  // namespace

OpenedMeters open_nvml_meters(const std::shared_ptr<const NvmlLibrary>& library, const Clock& clock,
                              const NvmlOptions& options) {
  OpenedMeters opened;
  NvmlBoards found = find_boards(*library, options.sysfs_root);
  if (found.boards.empty() && found.nameless.empty()) {
    opened.notes.push_back({"nvml", BackendState::Absent,
                            found.error ? found.error->message : "the driver lists no GPU"});
  }
  for (const unsigned index : found.nameless) {
    opened.notes.push_back({fmt::format("nvml:{}", index), BackendState::Refused,
                            "the driver does not tell the identifier of this GPU"});
  }
  std::vector<Candidate> candidates;
  for (NvmlBoard& board : found.boards) candidates.push_back({std::move(board), {}});
  watch_counters(candidates, *library, clock, options);
  const MeterOpener opener(library, clock);
  for (const Candidate& candidate : candidates) open_board(candidate, opener, clock, opened);
  return opened;
}

}  // namespace wattune::energy
