#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <thread>

#include "bench_folder.hpp"
#include "meter_benchmarks.hpp"
#include "support/fake_nvml.hpp"
#include "support/fake_powercap.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/node_sampler.hpp"
#include "wattune/energy/nvml.hpp"
#include "wattune/energy/probe.hpp"

namespace wattune::bench {
namespace {

constexpr int kGpus = 8;
constexpr int kBooksEvery = 15;  // seconds; at least every 30

Seconds thread_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Seconds{static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)};
}

/// Two sockets with memory and eight GPUs: files that look like powercap, and the fake driver.
class FakeMachine {
 public:
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() { fake::NvmlScenario::answer_from(nullptr); }
  FakeMachine() {
    // Its clock waits for nobody while it is opened; afterwards it must not be ahead of ours.
    constexpr Seconds kHead{60.0};
    powercap_.clock().advance(elapsed(MonotonicTime{}, SystemClock().now()) - kHead);
    for (const std::string socket : {"0", "1"}) {
      powercap_.add(zone(socket), {.name = "package-" + socket});
      powercap_.add(memory(socket), {.name = "dram"});
      // Two dies that move alike are one counter: these do not.
      powercap_.set_energy(zone(socket), 1'000'000'000 * (socket == "0" ? 1U : 7U));
    }
    for (int gpu = 0; gpu < kGpus; ++gpu) nvml_.add_gpu("GPU-" + std::to_string(gpu));
  }

  [[nodiscard]] std::vector<std::unique_ptr<energy::Meter>> open() {
    std::vector<std::unique_ptr<energy::Meter>> meters = std::move(powercap_.open().meters);
    energy::NvmlOptions options;
    options.library = fake::NvmlScenario::library();
    options.root = "/nowhere";
    options.sysfs_root = "/nowhere";
    options.wait = [this](Seconds length) {
      powercap_.clock().advance(length);
      draw_gpus(length);
    };
    auto gpus = taken(energy::Nvml::open(options)).open_meters(powercap_.clock());
    for (auto& meter : gpus.meters) meters.push_back(std::move(meter));
    if (meters.size() != 4 + kGpus) {
      for (const auto& note : gpus.notes) fmt::print(stderr, "{}: {}\n", note.backend, note.words);
      throw std::runtime_error(fmt::format("the fake machine has {} channels", meters.size()));
    }
    return meters;
  }

  /// One second at some power.
  void draw() {
    for (const std::string socket : {"0", "1"}) {
      powercap_.draw(zone(socket), 90'000'000);
      powercap_.draw(memory(socket), 12'000'000);
    }
    draw_gpus(Seconds{1.0});
  }

  [[nodiscard]] MonotonicTime opened_at() { return powercap_.clock().now(); }

 private:
  void draw_gpus(Seconds length) {
    gpu_energy_ += Watts{300.0} * length;
    for (int gpu = 0; gpu < kGpus; ++gpu) {
      nvml_.set("energy" + std::to_string(gpu),
                std::to_string(to_microjoules(gpu_energy_).count() / 1000));
    }
    lines_.push_back(std::make_unique<std::string>(nvml_.text()));
    fake::NvmlScenario::answer_from(lines_.back()->c_str());
  }

  static std::string zone(const std::string& socket) { return "intel-rapl:" + socket; }
  static std::string memory(const std::string& socket) {
    return zone(socket) + "/intel-rapl:" + socket + ":0";
  }

  fake::Powercap powercap_;
  fake::NvmlScenario nvml_;
  Joules gpu_energy_{1000.0};
  std::vector<std::unique_ptr<std::string>> lines_;  ///< A thread may still be reading an old one.
};

energy::AccountantOptions accountant_options(double num_cores) {
  energy::AccountantOptions options;
  options.num_cores = num_cores;
  return options;
}

energy::EnergyAccountant make_books(FakeMachine& machine) {
  auto meters = machine.open();
  return {std::move(meters), accountant_options(16.0), machine.opened_at()};
}

struct Metering {
  Seconds cpu_time;  ///< Of the sampler's thread and of the one that keeps the books.
  bool is_missing = true;
};

/// Meters the way `wattune measure` does: a sampler's thread at 1 Hz, and books on its views that
/// are ticked now and then and at the end. The one place
/// that knows how metering is driven.
Metering meter_for(std::vector<std::unique_ptr<energy::Meter>> meters, const Clock& clock,
                   int num_seconds, const std::function<void()>& each_second) {
  energy::NodeSampler sampler(std::move(meters), clock);
  energy::EnergyAccountant books{sampler.views(), accountant_options(16.0), clock.now()};
  const auto begun = std::chrono::steady_clock::now();
  Seconds booking;
  for (int second = 0; second < num_seconds; ++second) {
    std::this_thread::sleep_until(begun + std::chrono::milliseconds(1000 * second + 500));
    each_second();
    std::this_thread::sleep_until(begun + std::chrono::seconds(second + 1));
    const bool is_edge = (second + 1) % kBooksEvery == 0 || second + 1 == num_seconds;
    if (!is_edge) continue;
    const Seconds before = thread_cpu_time();
    books.tick(clock.now(), {});
    booking += thread_cpu_time() - before;
  }
  return {booking + sampler.report().cpu_time, books.metered().is_missing()};
}

struct Cost {
  double wall_s = 0.0;
  double cpu_s = 0.0;
  bool succeeded = false;
};

/// Runs a command to its end, without a word of its own.
Cost run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return {};
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return {seconds_since(begin), seconds(usage.ru_utime) + seconds(usage.ru_stime),
          WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

bool has_measure(const MeterBenchOptions& options) {
  return run({options.wattune.string(), "measure", "--help"}).succeeded;
}

/// Our CPU time for metering a command that sleeps.
Cost own_metering(const MeterBenchOptions& options, const std::string& seconds) {
  if (has_measure(options)) {
    return run({options.wattune.string(), "measure", "--", "sleep", seconds});
  }
  return run({options.program.string(), "--meter-for", seconds});
}

constexpr const char* kCodecarbonScript =
    "import subprocess, sys\n"
    "from codecarbon import OfflineEmissionsTracker\n"
    "tracker = OfflineEmissionsTracker(country_iso_code='DEU', measure_power_secs=1,\n"
    "    save_to_file=False, log_level='error', allow_multiple_runs=True)\n"
    "tracker.start()\n"
    "subprocess.run(['sleep', sys.argv[1]], check=True)\n"
    "tracker.stop()\n";

/// A Python with CodeCarbon in it: the one given, or a fresh one.
std::optional<std::filesystem::path> codecarbon_python(const MeterBenchOptions& options,
                                                       const std::filesystem::path& folder) {
  if (options.codecarbon) return options.codecarbon;
  const std::filesystem::path python = folder / "venv/bin/python";
  if (!run({"python3", "-m", "venv", (folder / "venv").string()}).succeeded ||
      !run({python.string(), "-m", "pip", "install", "--quiet", "codecarbon"}).succeeded) {
    return std::nullopt;
  }
  return python;
}

}  // namespace

std::vector<Figure> tick_cost(const MeterBenchOptions& options) {
  FakeMachine machine;
  energy::EnergyAccountant books = make_books(machine);
  const energy::AccountId trial = books.open({8.0, {"GPU-0", "GPU-1"}});
  std::vector<double> times_us;
  MonotonicTime now = machine.opened_at();
  const int num_ticks = options.is_quick ? 200 : 2000;
  for (int i = 1; i <= num_ticks; ++i) {
    machine.draw();
    now = after(now, Seconds{1.0});
    const energy::Activity activity{trial, Seconds{4.0 * i}};
    const Seconds before = thread_cpu_time();
    books.tick(now, {&activity, 1});
    times_us.push_back((thread_cpu_time() - before).value() * 1e6);
  }
  if (books.metered().is_missing()) throw std::runtime_error("the fake machine was not metered");
  return {
      {"tick_us", quantile(times_us, 0.5),
       fmt::format("CPU time, median of {}; 90 % from {:.0f} to {:.0f}; the library that plays the "
                   "driver included",
                   num_ticks, quantile(times_us, 0.05), quantile(times_us, 0.95))}};
}

std::vector<Figure> core_share(const MeterBenchOptions& options) {
  const int num_seconds = options.is_quick ? 3 : 60;
  FakeMachine machine;
  auto meters = machine.open();
  const SystemClock clock;
  const Metering metering =
      meter_for(std::move(meters), clock, num_seconds, [&machine] { machine.draw(); });
  if (metering.is_missing) throw std::runtime_error("the fake machine was not metered");
  return {{"core_share_1hz", metering.cpu_time.value() / num_seconds,
           fmt::format("{:.2f} ms of CPU time in {} s, sampler and books, the machine of tick_us",
                       1e3 * metering.cpu_time.value(), num_seconds)}};
}

void meter_this_machine(Seconds duration) {
  const SystemClock clock;
  static_cast<void>(meter_for(std::move(energy::open_meters(clock).meters), clock,
                              static_cast<int>(duration.value()), [] {}));
}

std::vector<Figure> codecarbon_ratio(const MeterBenchOptions& options) {
  const BenchFolder folder;
  const std::string seconds = options.is_quick ? "5" : "60";
  fmt::print(stderr, "bench-meter: installing CodeCarbon\n");
  const auto python = codecarbon_python(options, folder.path());
  if (!python) {
    fmt::print(stderr, "bench-meter: CodeCarbon cannot be installed; no codecarbon_cpu_ratio\n");
    return {};
  }
  fmt::print(stderr, "bench-meter: sleep {} under CodeCarbon, then under Wattune\n", seconds);
  static_cast<void>(run({python->string(), "-c", kCodecarbonScript, "1"}));  // compiles its modules
  const Cost theirs = run({python->string(), "-c", kCodecarbonScript, seconds});
  const Cost start = run({python->string(), "-c", kCodecarbonScript, "0"});
  const Cost ours = own_metering(options, seconds);
  if (!theirs.succeeded || !ours.succeeded) {
    fmt::print(stderr, "bench-meter: {} failed; no codecarbon_cpu_ratio\n",
               theirs.succeeded ? "Wattune" : "CodeCarbon");
    return {};
  }
  return {
      {"codecarbon_cpu_ratio", theirs.cpu_s / ours.cpu_s,
       fmt::format("{:.2f} s (of which {:.2f} s to start and stop) over {:.4f} s for `sleep {}` "
                   "at 1 Hz, one run each",
                   theirs.cpu_s, start.cpu_s, ours.cpu_s, seconds)}};
}

std::vector<Figure> measure_overhead(const MeterBenchOptions& options) {
  if (!has_measure(options)) {
    fmt::print(stderr, "bench-meter: {} has no command `measure`; no measure_overhead_ms\n",
               options.wattune.string());
    return {};
  }
  std::vector<double> added_ms;
  const int num_pairs = options.is_quick ? 11 : 101;
  for (int i = 0; i < num_pairs; ++i) {
    const Cost bare = run({"/bin/true"});
    const Cost metered = run({options.wattune.string(), "measure", "--", "/bin/true"});
    if (!metered.succeeded) throw std::runtime_error("wattune measure -- true failed");
    added_ms.push_back(1e3 * (metered.wall_s - bare.wall_s));
  }
  return {{"measure_overhead_ms", quantile(added_ms, 0.5),
           fmt::format("median of {} pairs; 90 % from {:.1f} to {:.1f}", num_pairs,
                       quantile(added_ms, 0.05), quantile(added_ms, 0.95))}};
}

}  // namespace wattune::bench
