#pragma once

#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "energy/counter_meter.hpp"
#include "support/power_simulator.hpp"
#include "wattune/energy/accountant.hpp"

// Random machines whose every joule is known, metered the way Wattune meters.

namespace wattune::fake {

/// What goes wrong in a trace. `Everything` is any of it together, but no frozen counter.
enum class Trouble : std::uint8_t {
  None,
  Wraps,
  FailedReads,
  Glitches,
  Reset,
  Gap,  ///< Nobody reads for longer than a turn takes.
  Suspend,
  Freeze,
  SlowReads,  ///< Reads take long, and one channel is read well after the other.
  Everything,
};
inline constexpr std::array kTroubles{
    std::pair{Trouble::None, std::string_view("none")},
    std::pair{Trouble::Wraps, std::string_view("wraps")},
    std::pair{Trouble::FailedReads, std::string_view("failed_reads")},
    std::pair{Trouble::Glitches, std::string_view("glitches")},
    std::pair{Trouble::Reset, std::string_view("reset")},
    std::pair{Trouble::Gap, std::string_view("gap")},
    std::pair{Trouble::Suspend, std::string_view("suspend")},
    std::pair{Trouble::Freeze, std::string_view("freeze")},
    std::pair{Trouble::SlowReads, std::string_view("slow_reads")},
    std::pair{Trouble::Everything, std::string_view("everything")},
};

struct TraceSettings {
  std::uint64_t seed = 0;
  Trouble trouble = Trouble::None;
  bool has_gain_error = true;
  bool records = false;  ///< Keeps what every read said.
};

/// One channel of the machine, with what it truly draws.
struct TraceChannel {
  energy::Channel channel;
  CounterNature nature;
  CounterFaults faults;
  TruePower power;
  double gain = 1.0;
  struct Sample {
    double at = 0.0;  ///< Monotonic.
    std::optional<std::uint64_t> raw;
  };
  std::vector<Sample> samples;  ///< Of the window.
};

/// A machine, a window on it, and the moments at which it is read.
///
/// Holds the plan only; `play` runs it.
struct Trace {
  TraceSettings settings;
  std::vector<TraceChannel> channels;
  std::vector<std::pair<double, double>> sleeps;  ///< Suspended from and to.
  std::vector<double> ticks;                      ///< Boot time; the window's edges are among them.
  double from = 0.0;
  double to = 0.0;

  /// How long the machine was suspended before a moment.
  [[nodiscard]] double slept(double at) const {
    double sum = 0.0;
    for (const auto& [begin, end] : sleeps) sum += std::clamp(at, begin, end) - begin;
    return sum;
  }
  [[nodiscard]] double monotonic(double at) const { return at - slept(at); }
  [[nodiscard]] double true_joules() const {
    double sum = 0.0;
    for (const TraceChannel& each : channels)
      sum += each.power.joules(to) - each.power.joules(from);
    return sum;
  }
};

[[nodiscard]] inline bool has_trouble(const Trace& trace, Trouble trouble) {
  if (trace.settings.trouble != Trouble::Everything) return trace.settings.trouble == trouble;
  constexpr double kShare = 0.3;
  Rng rng(trace.settings.seed, 1000 + static_cast<std::uint64_t>(trouble));
  return trouble != Trouble::Freeze && rng.uniform() < kShare;
}

namespace trace_parts {

inline CounterNature nature_of(energy::ChannelKind kind, Rng& rng, bool wraps) {
  CounterNature nature;
  if (kind == energy::ChannelKind::Gpu) {
    nature = {1000.0, std::nullopt, rng.uniform(0.02, 0.1), 20.0, 400.0, 480.0, 0.05, 2e-3};
    return nature;
  }
  const bool is_dram = kind == energy::ChannelKind::Dram;
  nature.tick_uj = rng.uniform() < 0.5 ? 61.0 : 15.0;
  nature.modulus = wraps ? 65'532'610'987 : 262'143'328'851;
  nature.least_watts = is_dram ? 2.0 : 10.0;
  nature.most_watts = is_dram ? 40.0 : 300.0;
  nature.believed_watts = is_dram ? 150.0 : 600.0;
  nature.gain_error = is_dram ? 0.10 : 0.05;
  return nature;
}

inline void add_channel(Trace& trace, Rng& rng, energy::ChannelKind kind, std::string id,
                        double shared_gain) {
  TraceChannel each;
  each.nature = nature_of(kind, rng, has_trouble(trace, Trouble::Wraps));
  if (has_trouble(trace, Trouble::SlowReads)) {
    each.nature.read_seconds = kind == energy::ChannelKind::Gpu ? 0.05 : 2e-3;
    each.faults.refresh_jitter = 0.5;
  }
  each.channel.id = std::move(id);
  each.channel.kind = kind;
  each.channel.refresh = Seconds{each.nature.refresh};
  if (kind == energy::ChannelKind::Gpu) each.channel.device_uuid = each.channel.id;
  if (trace.settings.has_gain_error) {
    each.channel.gain_uncertainty = each.nature.gain_error;
    // Sensors of one kind err alike, though not quite.
    const double error = std::sqrt(0.8) * shared_gain + std::sqrt(0.2) * rng.normal();
    each.gain = std::max(0.1, 1.0 + each.nature.gain_error / 1.96 * error);
  }
  trace.channels.push_back(std::move(each));
}

inline void add_channels(Trace& trace, Rng& rng) {
  using energy::ChannelKind;
  const std::array<double, 3> shared{rng.normal(), rng.normal(), rng.normal()};
  const std::size_t num_sockets = 1 + rng.index(2);
  const bool has_dram = rng.uniform() < 0.5;
  const std::size_t num_gpus = rng.uniform() < 0.5 ? 0 : 1 + rng.index(2);
  for (std::size_t i = 0; i < num_sockets; ++i) {
    const std::string number = std::to_string(i);
    add_channel(trace, rng, ChannelKind::Package, "package-" + number, shared[0]);
    if (has_dram) add_channel(trace, rng, ChannelKind::Dram, "dram-" + number, shared[1]);
  }
  for (std::size_t i = 0; i < num_gpus; ++i) {
    add_channel(trace, rng, ChannelKind::Gpu, "gpu-" + std::to_string(i), shared[2]);
  }
}

/// Power of every channel, with the machine's sleep in the middle of it where it sleeps.
inline void add_power(Trace& trace, Rng& rng, double length) {
  std::optional<std::pair<double, double>> sleep;
  if (has_trouble(trace, Trouble::Suspend)) {
    const double begin = rng.uniform(trace.from, trace.to);
    sleep = {begin, begin + std::exp(rng.uniform(std::log(2.0), std::log(20'000.0)))};
    trace.sleeps.push_back(*sleep);
    trace.to += sleep->second - sleep->first;
    length += sleep->second - sleep->first;
  }
  for (TraceChannel& each : trace.channels) {
    const auto stretch_until = [&](double until) {
      while (each.power.end() < until) {
        const double seconds = std::min(rng.uniform(5.0, 120.0), until - each.power.end());
        append_stretch(each.power, rng, std::max(seconds, 1e-3), each.nature.least_watts,
                       each.nature.most_watts);
      }
    };
    if (sleep) {
      stretch_until(sleep->first);
      const bool is_off = rng.uniform() < 0.5;
      const double watts = is_off ? 0.0 : rng.uniform(0.0, 0.02) * each.nature.most_watts;
      each.power.append(sleep->second - each.power.end(), watts, watts);
      if (is_off) each.faults.resets.push_back(sleep->second);
    }
    stretch_until(length);
  }
}

inline void add_faults(Trace& trace, Rng& rng) {
  const bool is_mild = trace.settings.trouble == Trouble::Everything;
  for (TraceChannel& each : trace.channels) {
    if (has_trouble(trace, Trouble::FailedReads)) each.faults.fail_share = is_mild ? 0.01 : 0.05;
    if (has_trouble(trace, Trouble::Glitches)) each.faults.glitch_share = is_mild ? 0.01 : 0.05;
    if (has_trouble(trace, Trouble::Reset) && rng.uniform() < 0.5) {
      each.faults.resets.push_back(rng.uniform(trace.from - 3.0, trace.to + 1.0));
      std::ranges::sort(each.faults.resets);
    }
    if (has_trouble(trace, Trouble::Freeze) && rng.uniform() < 0.5) {
      const double begin = rng.uniform(trace.from - 5.0, trace.to);
      each.faults.freeze = {begin, begin + rng.uniform(0.5, 30.0)};
    }
  }
}

/// Once a second, a little early or late, and at both edges; with a long silence where asked.
inline void add_ticks(Trace& trace, Rng& rng) {
  std::optional<std::pair<double, double>> gap;
  if (has_trouble(trace, Trouble::Gap)) {
    const double begin = rng.uniform(trace.from, trace.to);
    gap = {begin, begin + std::exp(rng.uniform(std::log(30.0), std::log(2000.0)))};
  }
  const auto is_silent = [&](double at) {
    return gap && at > gap->first && at < std::min(gap->second, trace.to - 3.0);
  };
  const auto is_awake = [&](double at) {
    return std::ranges::none_of(
        trace.sleeps, [&](const auto& sleep) { return at >= sleep.first && at <= sleep.second; });
  };
  trace.ticks = {trace.from, trace.to};
  for (double at = 0.5; at < trace.to + 3.0; at += rng.uniform(0.9, 1.1)) {
    const bool is_edge = std::abs(at - trace.from) < 0.12 || std::abs(at - trace.to) < 0.12;
    if (!is_edge && !is_silent(at) && is_awake(at)) trace.ticks.push_back(at);
  }
  std::ranges::sort(trace.ticks);
}

}  // namespace trace_parts

/// Plans a random machine, its faults and a window on it of 2 s to 20 min.
[[nodiscard]] inline Trace make_trace(const TraceSettings& settings) {
  Rng rng(settings.seed, static_cast<std::uint64_t>(settings.trouble));
  Trace trace;
  trace.settings = settings;
  trace_parts::add_channels(trace, rng);
  const double shortest = has_trouble(trace, Trouble::Gap) ? 60.0 : 2.0;
  const double longest = has_trouble(trace, Trouble::Gap) ? 2400.0 : 1200.0;
  trace.from = rng.uniform(4.0, 12.0);
  trace.to = trace.from + std::exp(rng.uniform(std::log(shortest), std::log(longest)));
  trace_parts::add_power(trace, rng, trace.to + 6.0);
  trace_parts::add_faults(trace, rng);
  trace_parts::add_ticks(trace, rng);
  return trace;
}

struct TraceResult {
  energy::EnergyAccountant books;
  EnergyFigure window;
  std::vector<EnergyFigure> by_channel;
  double true_joules = 0.0;
  std::size_t num_negative = 0;  ///< Channels of a tick whose total went down.
};

/// A meter on a counter of the trace; time goes on while it is read.
inline std::unique_ptr<energy::Meter> make_meter(const Trace& trace, TraceChannel& each,
                                                 std::shared_ptr<double> now) {
  const std::uint64_t seed =
      mix_seed(trace.settings.seed, std::hash<std::string>{}(each.channel.id));
  auto counter =
      std::make_shared<SimulatedCounter>(each.power, each.nature, each.faults, each.gain, seed);
  auto rng = std::make_shared<Rng>(seed, 1);
  const auto read = [&trace, &each, counter, rng, now]() -> Result<std::uint64_t> {
    const double took = rng->uniform(0.2, 1.0) * each.nature.read_seconds;
    const double moment = *now + rng->uniform() * took;
    const Result<std::uint64_t> raw = counter->read(moment);
    if (trace.settings.records && *now >= trace.from && *now < trace.to + 0.5) {
      each.samples.push_back({trace.monotonic(moment), raw ? std::optional(*raw) : std::nullopt});
    }
    *now += took;
    return raw;
  };
  const auto monotonic = [&trace, now] {
    return after(MonotonicTime{}, Seconds{trace.monotonic(*now)});
  };
  const energy::CounterLimits limits{each.nature.modulus, Watts{each.nature.believed_watts},
                                     Seconds{each.nature.refresh}};
  return std::make_unique<energy::CounterMeter>(
      each.channel, limits, read,
      energy::CounterClocks{[&trace, now] { return Seconds{trace.slept(*now)}; }, monotonic});
}

/// Meters the trace; `visit` is called after every tick, for what else a test wants to do.
template <typename Visit>
[[nodiscard]] TraceResult play(Trace& trace, Visit visit) {
  auto now = std::make_shared<double>(0.0);
  std::vector<std::unique_ptr<energy::Meter>> meters;
  for (TraceChannel& each : trace.channels) meters.push_back(make_meter(trace, each, now));
  const energy::AccountantOptions options{1.0, "/nowhere", [] { return Seconds{0.0}; }};
  energy::EnergyAccountant books{std::move(meters), options, MonotonicTime{}};
  std::optional<energy::EnergyAccountant::Mark> mark;
  TraceResult result{std::move(books), {}, {}, trace.true_joules(), 0};
  Microjoules before;
  for (const double tick : trace.ticks) {
    *now = std::max(*now, tick);
    result.books.tick(after(MonotonicTime{}, Seconds{trace.monotonic(tick)}), {});
    const Microjoules metered = result.books.metered().total();
    result.num_negative += metered < before ? 1U : 0U;
    before = metered;
    if (tick == trace.from) mark = result.books.mark(result.books.rest());
    if (tick == trace.to) {
      result.window = result.books.since(*mark);
      result.by_channel = result.books.since_by_channel(*mark);
    }
    visit(result.books, tick);
  }
  return result;
}

[[nodiscard]] inline TraceResult play(Trace& trace) {
  return play(trace, [](energy::EnergyAccountant&, double) {});
}

struct TrialsResult {
  std::vector<Microjoules> trials;  ///< By the trial's number, whatever the order of opening.
  Microjoules rest;                 ///< With the engine's.
  Microjoules metered;
};

/// Meters the trace with three trials that come and go and work at random; the first has the first
/// GPU.
[[nodiscard]] inline TrialsResult play_with_trials(Trace& trace,
                                                   const std::vector<std::size_t>& order) {
  constexpr std::size_t kTrials = 3;
  Rng rng(trace.settings.seed, 77);
  std::vector<std::optional<energy::EnergyAccountant::Mark>> open(kTrials);
  TrialsResult result{std::vector<Microjoules>(kTrials), {}, {}};
  std::vector<Seconds> cpu(kTrials);
  std::vector<std::string> gpus;
  for (const TraceChannel& each : trace.channels) {
    if (each.channel.device_uuid) gpus.push_back(*each.channel.device_uuid);
  }
  gpus.resize(std::min<std::size_t>(gpus.size(), 1));

  auto now = std::make_shared<double>(0.0);
  std::vector<std::unique_ptr<energy::Meter>> meters;
  for (TraceChannel& each : trace.channels) meters.push_back(make_meter(trace, each, now));
  const energy::AccountantOptions options{4.0, "/nowhere", [] { return Seconds{0.0}; }};
  energy::EnergyAccountant books{std::move(meters), options, MonotonicTime{}};
  const auto rest = books.mark(books.rest());
  const auto engine = books.mark(books.engine());

  for (const double tick : trace.ticks) {
    *now = std::max(*now, tick);
    std::vector<double> work(kTrials);
    for (double& each : work) each = rng.uniform();
    std::vector<energy::Activity> activities;
    for (const std::size_t i : order) {
      if (!open[i]) continue;
      cpu[i] += Seconds{work[i]};
      activities.push_back({open[i]->account, cpu[i]});
    }
    books.tick(after(MonotonicTime{}, Seconds{trace.monotonic(tick)}), activities);
    std::vector<bool> changes(kTrials);
    for (std::size_t i = 0; i < kTrials; ++i) changes[i] = rng.uniform() < 0.05;
    for (const std::size_t i : order) {
      const bool is_last = tick == trace.ticks.back();
      if (open[i] && (changes[i] || is_last)) {
        books.close(open[i]->account);
        result.trials[i] += books.since(*open[i]).total();
        open[i].reset();
      } else if (!open[i] && !is_last) {
        cpu[i] = Seconds{};
        open[i] = books.mark(books.open(
            {1.0 + static_cast<double>(i) / 8.0, i == 0 ? gpus : std::vector<std::string>{}}));
      }
    }
  }
  result.rest = books.since(rest).total() + books.since(engine).total();
  result.metered = books.metered().total();
  return result;
}

/// What trials and rest miss of what was metered: 0.
[[nodiscard]] inline Microjoules conservation_error(Trace& trace) {
  const TrialsResult result = play_with_trials(trace, {0, 1, 2});
  Microjoules sum = result.rest;
  for (const Microjoules each : result.trials) sum += each;
  return result.metered - sum;
}

}  // namespace wattune::fake
