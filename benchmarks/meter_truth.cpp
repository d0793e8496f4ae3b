#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "meter_benchmarks.hpp"
#include "naive_meters.hpp"
#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"
#include "support/simulated_trace.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kTraces = 10'000;
constexpr std::size_t kQuickTraces = 450;

/// Errors of a set of windows and the half widths that were stated for them.
struct Sample {
  std::vector<double> ratios;  ///< Error over half width.
  std::vector<double> errors;  ///< Relative to the truth.
  std::vector<double> widths;  ///< Likewise.

  void add(const fake::TraceResult& result) {
    const double error = std::abs(result.window.total().joules().value() - result.true_joules);
    const double width = result.window.uncertainty.value();
    ratios.push_back(error / width);
    errors.push_back(error / result.true_joules);
    widths.push_back(width / result.true_joules);
  }
  void add(const Sample& other) {
    ratios.insert(ratios.end(), other.ratios.begin(), other.ratios.end());
    errors.insert(errors.end(), other.errors.begin(), other.errors.end());
    widths.insert(widths.end(), other.widths.begin(), other.widths.end());
  }
  [[nodiscard]] double coverage() const {
    const auto inside = std::ranges::count_if(ratios, [](double ratio) { return ratio <= 1.0; });
    return static_cast<double>(inside) / static_cast<double>(ratios.size());
  }
  /// The stated intervals over those that would hold exactly 95 % of the truths.
  [[nodiscard]] double width_ratio() const { return 1.0 / quantile(ratios, 0.95); }
  [[nodiscard]] std::string words() const {
    return fmt::format(
        "{} traces; coverage {:.4f}, interval over needed {:.2f}; error median {:.3g} %, 95 % "
        "under "
        "{:.3g} %; half width median {:.3g} %",
        ratios.size(), coverage(), width_ratio(), 100.0 * quantile(errors, 0.5),
        100.0 * quantile(errors, 0.95), 100.0 * quantile(widths, 0.5));
  }
};

/// Mean relative error; a figure that is wrong by more than all of it is wrong by 100 %, or the few
/// worst would drown all others.
double mean_error(const std::vector<double>& errors) {
  double sum = 0.0;
  for (const double error : errors) sum += std::min(error, 1.0);
  return sum / static_cast<double>(errors.size());
}

/// The errors of a naive meter, with their spread in words.
struct NaiveError {
  std::vector<double> errors;

  void add(double joules, double truth) { errors.push_back(std::abs(joules - truth) / truth); }
  [[nodiscard]] Figure figure(const std::string& name, double ours) const {
    const double mean = mean_error(errors);
    return {"naive_error_ratio_" + name, mean / ours,
            fmt::format("mean error {:.3g} % against {:.3g} %; its median {:.3g} %, 5 % above "
                        "{:.3g} %",
                        100.0 * mean, 100.0 * ours, 100.0 * quantile(errors, 0.5),
                        100.0 * quantile(errors, 0.95))};
  }
};

struct Played {
  Sample with_gain;
  Sample without_gain;
  NaiveError no_wrap;
  NaiveError single_wrap;
  NaiveError poll;
  std::size_t num_negative = 0;
  std::size_t num_violations = 0;

  void add(const Played& other) {
    with_gain.add(other.with_gain);
    without_gain.add(other.without_gain);
    const auto join = [](NaiveError& to, const NaiveError& from) {
      to.errors.insert(to.errors.end(), from.errors.begin(), from.errors.end());
    };
    join(no_wrap, other.no_wrap);
    join(single_wrap, other.single_wrap);
    join(poll, other.poll);
    num_negative += other.num_negative;
    num_violations += other.num_violations;
  }
};

void play_one(fake::Trouble trouble, std::uint64_t seed, Played& played) {
  fake::Trace trace = fake::make_trace({seed, trouble, true, false});
  const fake::TraceResult result = fake::play(trace);
  played.with_gain.add(result);
  played.num_negative += result.num_negative;
  played.num_violations += fake::conservation_error(trace) == Microjoules{} ? 0U : 1U;
  // The gain of a sensor is the same for every meter: it is left out of the comparison.
  fake::Trace exact = fake::make_trace({seed, trouble, false, true});
  played.without_gain.add(fake::play(exact));
  const double truth = exact.true_joules();
  played.no_wrap.add(joules_without_wrap(exact), truth);
  played.single_wrap.add(joules_with_unbounded_wrap(exact), truth);
  played.poll.add(joules_by_polling(exact), truth);
}

Played play_trouble(fake::Trouble trouble, std::string_view name, std::size_t num_traces) {
  Played played;
  for (std::size_t i = 0; i < num_traces; ++i) play_one(trouble, i, played);
  fmt::print("  {:<13} with gain error  {}\n", name, played.with_gain.words());
  fmt::print("  {:<13} without          {}\n", "", played.without_gain.words());
  return played;
}

/// Mean powers of recorded trainings, one per line.
std::vector<double> recorded_watts(const std::filesystem::path& folder) {
  std::vector<double> watts;
  for (const char* name : {"summary_power_v100.csv", "summary_power_a40.csv"}) {
    std::ifstream file(folder / "zeus-traces" / name);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) watts.push_back(std::stod(line.substr(line.rfind(',') + 1)));
  }
  if (watts.empty()) throw std::runtime_error("no recorded power under " + folder.string());
  return watts;
}

/// The GPU of one trace draws what was recorded, for some seconds each.
Figure recorded_truth(const std::filesystem::path& folder, std::size_t num_traces) {
  const std::vector<double> watts = recorded_watts(folder);
  Sample sample;
  for (std::uint64_t seed = 0; seed < num_traces; ++seed) {
    Rng rng(seed, 501);
    fake::Trace trace;
    trace.settings.seed = seed;
    trace.settings.trouble = fake::Trouble::FailedReads;
    fake::trace_parts::add_channel(trace, rng, energy::ChannelKind::Gpu, "gpu-0", rng.normal());
    trace.from = rng.uniform(4.0, 12.0);
    trace.to = trace.from + std::exp(rng.uniform(std::log(2.0), std::log(1200.0)));
    fake::TruePower& power = trace.channels[0].power;
    while (power.end() < trace.to + 6.0) {
      const double level = watts[rng.index(watts.size())];
      power.append(rng.uniform(5.0, 60.0), level, level);
    }
    fake::trace_parts::add_faults(trace, rng);
    fake::trace_parts::add_ticks(trace, rng);
    sample.add(fake::play(trace));
  }
  return {"coverage_recorded", sample.coverage(), sample.words()};
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const auto index = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(index, values.size() - 1)];
}

std::vector<Figure> simulated_truth(const MeterBenchOptions& options) {
  const std::size_t wanted = options.is_quick ? kQuickTraces : kTraces;
  const std::size_t each = wanted / (fake::kTroubles.size() - 1) + 1;
  Played all;
  for (const auto& [trouble, name] : fake::kTroubles) {
    fmt::print(stderr, "bench-meter: {} traces with {}\n", each, name);
    const Played played = play_trouble(trouble, name, each);
    // What a frozen counter hides nobody can know; it is shown, but no part of the sum.
    if (trouble != fake::Trouble::Freeze) all.add(played);
  }
  const double ours = mean_error(all.without_gain.errors);
  std::vector<Figure> figures{
      {"coverage", all.with_gain.coverage(), all.with_gain.words()},
      {"coverage_without_gain", all.without_gain.coverage(), all.without_gain.words()},
      {"interval_over_needed", all.with_gain.width_ratio(),
       "stated interval over the one that holds exactly 95 % of the truths"},
      {"interval_over_needed_without_gain", all.without_gain.width_ratio(), "the same"},
      {"conservation_violations", static_cast<double>(all.num_violations),
       "traces with three trials in which trials and rest are not the meter, to the microjoule"},
      {"negative_deltas", static_cast<double>(all.num_negative), "ticks at which a total fell"},
      all.no_wrap.figure("no_wrap", ours),
      all.single_wrap.figure("single_wrap", ours),
      all.poll.figure("poll_15s", ours),
  };
  if (options.data) figures.push_back(recorded_truth(*options.data, each));
  return figures;
}

namespace {

/// Relative errors of a trial's energy: ours, and by its share of the CPU time.
struct SharedMachine {
  double ours = 0.0;
  double by_cpu_time = 0.0;
};

/// A trial with half the cores beside neighbours who come and go; each program draws its own power
/// per second of CPU time. In truth the trial owes its half of the idle power and its own work.
SharedMachine share_machine(std::uint64_t seed) {
  constexpr double kCores = 8.0;
  Rng rng(seed, 900);
  const double idle = rng.uniform(20.0, 120.0);
  const double own_watts = rng.uniform(4.0, 12.0);
  const double other_watts = own_watts * rng.uniform(0.8, 1.25);
  fake::Proc proc{8};
  fake::CpuTicks ticks;
  fake::MeterScript script;
  script.channel.id = "package";
  script.idle_power = Watts{idle};
  std::vector<std::unique_ptr<energy::Meter>> meters;
  meters.push_back(std::make_unique<fake::ScriptedMeter>(script));
  ManualClock clock;
  proc.set_ticks(ticks);
  energy::AccountantOptions options;
  options.num_cores = kCores;
  options.proc_root = proc.root();
  options.engine_cpu_time = [] { return Seconds{0.0}; };
  energy::EnergyAccountant books{std::move(meters), options, clock.now()};
  const energy::AccountId trial = books.open({kCores / 2.0, {}});
  const auto mark = books.mark(trial);

  double truth = 0.0;
  double naive = 0.0;
  double cpu = 0.0;
  double others = 0.0;
  for (int second = 0; second < 60; ++second) {
    if (second % 10 == 0) others = rng.uniform() < 0.4 ? 0.05 : rng.uniform(0.05, kCores / 2.0);
    const double own = std::round(100.0 * rng.uniform(1.0, kCores / 2.0)) / 100.0;
    const double other = std::round(100.0 * others) / 100.0;
    const double joules = idle + own * own_watts + other * other_watts;
    cpu += own;
    truth += 0.5 * idle + own * own_watts;
    naive += joules * own / (own + other);
    ticks.user += static_cast<std::uint64_t>(std::llround((own + other) * 100.0));
    proc.set_ticks(ticks);
    script.total += to_microjoules(Joules{joules});
    clock.advance(Seconds{1.0});
    const energy::Activity activity{trial, Seconds{cpu}};
    books.tick(clock.now(), {&activity, 1});
  }
  const double ours = books.since(mark).total().joules().value();
  return {std::abs(ours - truth) / truth, std::abs(naive - truth) / truth};
}

}  // namespace

std::vector<Figure> cpu_share_error(const MeterBenchOptions& options) {
  std::vector<double> ours;
  NaiveError naive;
  const std::size_t num_traces = options.is_quick ? 100 : 1000;
  for (std::uint64_t seed = 0; seed < num_traces; ++seed) {
    const SharedMachine shared = share_machine(seed);
    ours.push_back(shared.ours);
    naive.errors.push_back(shared.by_cpu_time);
  }
  return {naive.figure("cpu_share", mean_error(ours))};
}

}  // namespace wattune::bench
