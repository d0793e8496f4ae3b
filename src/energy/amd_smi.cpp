#include "wattune/energy/amd_smi.hpp"

#include <fmt/format.h>

#include <cmath>

#include "amd_smi_library.hpp"
#include "counter_check.hpp"
#include "counter_meter.hpp"
#include "gpu_architecture.hpp"
#include "power_meter.hpp"
#include "timed_meter.hpp"

namespace wattune::energy {
namespace {

constexpr double kCounterGain = 0.05;
constexpr double kPowerGain = 0.10;
constexpr double kOverCap = 1.2;
constexpr Watts kUnknownCap{1500.0};
constexpr Seconds kRefresh{0.1};
/// Counter and sensor that are further apart than this contradict each other.
constexpr double kFactor = 1.5;

struct AmdBoard {
  AmdProcessor processor = nullptr;
  GpuInfo info;
  std::string id;
  Watts max_power;
};

/// One board per socket; its further processors are partitions of the same silicon, and asking each
/// of them would count the socket several times.
std::vector<AmdBoard> find_boards(const AmdSmiLibrary& library) {
  std::vector<AmdBoard> boards;
  for (const AmdSocket socket : library.sockets().value_or(std::vector<AmdSocket>{})) {
    const auto processors = library.processors(socket);
    if (!processors || processors->empty()) continue;
    AmdBoard board;
    board.processor = processors->front();
    board.info.index = static_cast<unsigned>(boards.size());
    board.info.name = library.name(board.processor).value_or("a GPU without a name");
    board.info.pci_address = library.pci_address(board.processor).value_or(std::string());
    board.info.uuid = library.uuid(board.processor).value_or(board.info.pci_address);
    if (board.info.uuid.empty()) continue;
    if (processors->size() > 1) {
      board.info.num_slices = static_cast<unsigned>(processors->size());
      for (const AmdProcessor partition : *processors) {
        if (const auto uuid = library.uuid(partition)) board.info.instances.push_back({*uuid, 1});
      }
    }
    board.id = board.info.pci_address.empty() ? "amdsmi:" + board.info.uuid
                                              : "amdsmi:pci:" + board.info.pci_address;
    const Result<Watts> cap = library.power_cap(board.processor);
    board.max_power = cap ? *cap * kOverCap : kUnknownCap;
    boards.push_back(std::move(board));
  }
  return boards;
}

Channel make_channel(const AmdBoard& board, const AmdSmiLibrary& library, std::string_view what) {
  Channel channel;
  channel.id = board.id;
  channel.kind = ChannelKind::Gpu;
  channel.refresh = kRefresh;
  channel.source = fmt::format("{} of {} (AMD SMI {}, GPU {})", what, board.info.name,
                               library.abi(), board.info.index);
  channel.device_uuid = board.info.uuid;
  return channel;
}

/// The step of a counter as an exact fraction: the library tells it in single precision, where
/// 15.3 is 15.30000019.
TickEnergy exact_tick(double tick_uj) {
  constexpr std::uint64_t kPerMicrojoule = 10'000;
  return {static_cast<std::uint64_t>(std::llround(tick_uj * static_cast<double>(kPerMicrojoule))),
          kPerMicrojoule};
}

struct Way {
  std::unique_ptr<Meter> meter;
  std::string words;
};

Result<Way> by_counter(const std::shared_ptr<const AmdSmiLibrary>& library, const AmdBoard& board,
                       const CounterWatch& watch, const Clock& clock) {
  const Result<AmdEnergyCount> first = library->energy(board.processor);
  if (!first) return tl::unexpected(first.error());
  const CounterCheck check = watch.check(kFactor);
  if (check.verdict != CounterVerdict::Agrees && check.verdict != CounterVerdict::Unchecked) {
    return fail(ErrorKind::Invalid, "energy counter " + check.words());
  }
  Channel channel = make_channel(board, *library, "energy counter");
  channel.gain_uncertainty = kCounterGain;
  if (check.refresh) channel.refresh = *check.refresh;
  const CounterLimits limits{std::nullopt, board.max_power, channel.refresh,
                             exact_tick(first->tick_uj)};
  auto times = std::make_shared<CallTimes>(clock);
  auto counter = std::make_unique<CounterMeter>(
      channel, limits, [library, times, processor = board.processor] {
        times->begin_call();
        const Result<AmdEnergyCount> count = library->energy(processor);
        times->end_call();
        return count.map([](const AmdEnergyCount& each) { return each.ticks; });
      });
  auto meter = std::make_unique<TimedMeter>(std::move(counter), std::move(times));
  return Way{std::move(meter), fmt::format("{}; {}", channel.source, check.words())};
}

/// A meter that integrates the answers to a question.
std::unique_ptr<Meter> integrate(Channel channel, const AmdBoard& board, const Clock& clock,
                                 PowerMeter::ReadPower ask) {
  auto times = std::make_shared<CallTimes>(clock);
  auto integral = std::make_unique<PowerMeter>(std::move(channel), board.max_power,
                                               [times, ask = std::move(ask)] {
                                                 times->begin_call();
                                                 Result<Watts> power = ask();
                                                 times->end_call();
                                                 return power;
                                               });
  return std::make_unique<TimedMeter>(std::move(integral), std::move(times));
}

Result<Way> by_power(const std::shared_ptr<const AmdSmiLibrary>& library, const AmdBoard& board,
                     const Clock& clock) {
  const Result<Watts> first = library->power(board.processor);
  if (!first) return tl::unexpected(first.error());
  Channel channel = make_channel(board, *library, "power");
  channel.provenance = Provenance::Integrated;
  channel.gain_uncertainty = kPowerGain;
  std::string words = channel.source + ", integrated";
  return Way{
      integrate(std::move(channel), board, clock,
                [library, processor = board.processor] { return library->power(processor); }),
      std::move(words)};
}

Result<Way> by_model(const std::shared_ptr<const AmdSmiLibrary>& library, const AmdBoard& board,
                     const Clock& clock) {
  const Result<double> first = library->activity(board.processor);
  if (!first) return tl::unexpected(first.error());
  const Result<Watts> cap = library->power_cap(board.processor);
  if (!cap) return tl::unexpected(cap.error());
  Channel channel = make_channel(board, *library, "activity and power cap");
  channel.provenance = Provenance::Modelled;
  channel.gain_uncertainty = kGpuModelGain;
  std::string words = "modelled from " + channel.source;
  auto ask = [library, most = *cap, processor = board.processor]() -> Result<Watts> {
    return library->activity(processor).map(
        [most](double activity) { return gpu_model_power(activity, most); });
  };
  return Way{integrate(std::move(channel), board, clock, std::move(ask)), std::move(words)};
}

/// The watch over every board that has a counter; the others' stay empty.
std::vector<CounterWatch> watch_boards(const std::vector<AmdBoard>& boards,
                                       const AmdSmiLibrary& library, const Clock& clock,
                                       const AmdSmiOptions& options) {
  std::vector<CounterWatch> watches(boards.size());
  std::vector<std::size_t> with_counter;
  std::vector<WatchedCounter> watched;
  for (std::size_t i = 0; i < boards.size(); ++i) {
    if (!library.energy(boards[i].processor)) continue;
    with_counter.push_back(i);
    watched.push_back({[&library, processor = boards[i].processor] {
      const auto energy = library.energy(processor).map([](const AmdEnergyCount& count) {
        return static_cast<std::uint64_t>(static_cast<double>(count.ticks) * count.tick_uj);
      });
      return CounterSample{energy, library.power(processor)};
    }});
  }
  watch_together(watched, clock, {options.watch, options.watch_gap, options.wait});
  for (std::size_t i = 0; i < watched.size(); ++i) {
    watches[with_counter[i]] = std::move(watched[i].watch);
  }
  return watches;
}

void open_board(const std::shared_ptr<const AmdSmiLibrary>& library, const AmdBoard& board,
                const CounterWatch& watch, const Clock& clock, OpenedMeters& opened) {
  std::string reasons;
  const auto or_reason = [&reasons](Result<Way> way) {
    if (!way) reasons += (reasons.empty() ? "" : "; ") + way.error().message;
    return way;
  };
  Result<Way> way = or_reason(by_counter(library, board, watch, clock));
  if (!way) way = or_reason(by_power(library, board, clock));
  if (!way) way = or_reason(by_model(library, board, clock));
  if (!way) {
    opened.notes.push_back(
        {board.id, BackendState::Refused, fmt::format("{}: {}", board.info.name, reasons)});
    return;
  }
  std::string words = std::move(way->words);
  if (!reasons.empty()) words += fmt::format(" (because: {})", reasons);
  if (board.info.num_slices > 1) {
    words += fmt::format("; its {} partitions are one channel", board.info.num_slices);
  }
  opened.notes.push_back({board.id, BackendState::Used, std::move(words)});
  static_cast<void>(way->meter->read(clock.now()));
  opened.meters.push_back(std::move(way->meter));
}

}  // namespace

Result<AmdSmi> AmdSmi::open(AmdSmiOptions options) {
  auto library = AmdSmiLibrary::open(options.library, options.root);
  if (!library) return tl::unexpected(library.error());
  return AmdSmi{std::move(*library), std::move(options)};
}

std::vector<GpuInfo> AmdSmi::list_gpus() const {
  std::vector<GpuInfo> gpus;
  for (AmdBoard& board : find_boards(*library_)) gpus.push_back(std::move(board.info));
  return gpus;
}

OpenedMeters AmdSmi::open_meters(const Clock& clock) const {
  OpenedMeters opened;
  const std::vector<AmdBoard> boards = find_boards(*library_);
  if (boards.empty()) {
    opened.notes.push_back({"amdsmi", BackendState::Absent, "the library lists no GPU"});
  }
  const std::vector<CounterWatch> watches = watch_boards(boards, *library_, clock, options_);
  for (std::size_t i = 0; i < boards.size(); ++i) {
    open_board(library_, boards[i], watches[i], clock, opened);
  }
  return opened;
}

}  // namespace wattune::energy
