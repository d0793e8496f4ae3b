// Tests on a real GPU of NVIDIA, skipped where there is none. Environment:
//   WATTUNE_GPU_LIBRARY  path of libnvidia-ml.so.1, if it is not where drivers are put
//   WATTUNE_GPU_UUID     which GPU; the first if it is not set
//   WATTUNE_GPU_SECONDS  length of the comparisons, 30 if it is not set
//   WATTUNE_GPU_LOAD     shell command that keeps the GPU busy until it is ended
//   WATTUNE_GPU_FIGURES  file for the figures, as JSON
// `tools/gpu-check` sets them.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "energy/counter_check.hpp"
#include "energy/nvml_boards.hpp"
#include "energy/nvml_library.hpp"
#include "support/must.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {
namespace {

constexpr Seconds kSampleGap{0.01};
constexpr Seconds kWarmUp{5.0};

std::optional<std::string> setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

/// What was measured, written when all tests are done.
class Figures : public testing::Environment {
 public:
  static Figures& get() {
    static auto* const figures =
        dynamic_cast<Figures*>(testing::AddGlobalTestEnvironment(new Figures()));
    return *figures;
  }
  void note(const std::string& key, double value) { values_[key] = fmt::format("{:.6g}", value); }
  void note(const std::string& key, const std::string& value) {
    std::string text;
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    values_[key] = '"' + text + '"';
  }
  void TearDown() override {
    const auto path = setting("WATTUNE_GPU_FIGURES");
    if (!path || values_.empty()) return;
    std::string text;
    for (const auto& [key, value] : values_) {
      text += (text.empty() ? "" : ", ") + fmt::format("\"{}\": {}", key, value);
    }
    std::ofstream(*path) << "{" << text << "}\n";
  }

 private:
  std::map<std::string, std::string> values_;
};

Figures& registered = Figures::get();

/// A command in a process group of its own, ended with the object.
class Load {
 public:
  explicit Load(const std::string& command) {
    ::posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    std::string text = command;
    std::string shell = "sh";
    std::string option = "-c";
    std::array<char*, 4> arguments{shell.data(), option.data(), text.data(), nullptr};
    if (::posix_spawn(&process_, "/bin/sh", nullptr, &attributes, arguments.data(), environ) != 0) {
      throw std::runtime_error("cannot start " + command);
    }
    ::posix_spawnattr_destroy(&attributes);
  }
  ~Load() {
    ::kill(-process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  [[nodiscard]] bool is_running() const { return ::waitpid(process_, nullptr, WNOHANG) == 0; }

 private:
  ::pid_t process_ = 0;
};

void sleep(Seconds time) {
  std::this_thread::sleep_for(std::chrono::duration<double>(time.value()));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Counter and sensor over a while.
struct Comparison {
  Joules counted;
  Joules integrated;
  Seconds length;
  bool has_fallen = false;
  std::size_t num_power_changes = 0;
  CounterCheck check;

  [[nodiscard]] Watts power() const { return counted / length; }
};

class GpuHardware : public testing::Test {
 protected:
  void SetUp() override {
    const NvmlOptions options{.library =
                                  setting("WATTUNE_GPU_LIBRARY").value_or("libnvidia-ml.so.1")};
    auto opened = NvmlLibrary::open(options.library, "/");
    if (!opened) GTEST_SKIP() << "no GPU of NVIDIA: " << opened.error().message;
    library = *opened;
    const NvmlBoards found = find_boards(*library, "/sys");
    const auto wanted = setting("WATTUNE_GPU_UUID");
    for (const NvmlBoard& each : found.boards) {
      if (!board && (!wanted || each.info.uuid == *wanted)) board = each;
    }
    if (!board) GTEST_SKIP() << "the driver lists no GPU" << (wanted ? " " + *wanted : "");
    nvml.emplace(must(Nvml::open(options)));
    note_device();
  }

  void note_device() {
    registered.note("gpu", board->info.name);
    registered.note("driver", library->driver_version().value_or("unknown"));
    registered.note("architecture", std::string(board->architecture.family));
    if (const auto limit = library->enforced_limit(board->device)) {
      registered.note("enforced_limit_w", limit->value());
    }
  }

  [[nodiscard]] static Seconds comparison_length() {
    const auto text = setting("WATTUNE_GPU_SECONDS");
    return Seconds{text ? std::stod(*text) : 30.0};
  }

  [[nodiscard]] NvmlSample ask() const { return library->sample(board->device, board->scope); }

  /// Reads counter and sensor every 10 ms; both are taken from the counter's first step to its
  /// last.
  [[nodiscard]] Comparison compare(Seconds length) const {
    Comparison result;
    CounterWatch watch;
    std::optional<std::uint64_t> last_energy;
    std::optional<Watts> last_power;
    MonotonicTime last_at;
    const SystemClock clock;
    const MonotonicTime start = clock.now();
    std::optional<MonotonicTime> first_step;
    Joules integrated;
    while (elapsed(start, clock.now()) < length) {
      const MonotonicTime before = clock.now();
      const NvmlSample sample = ask();
      const MonotonicTime after = clock.now();
      const std::uint64_t energy = must(sample.energy_mj);
      const Watts power = must(sample.instant_power);
      const MonotonicTime at = before + (after - before) / 2;
      watch.see(before, after, energy * 1000, power);
      if (last_power && first_step)
        integrated += (power + *last_power) * 0.5 * elapsed(last_at, at);
      if (last_power && *last_power != power) ++result.num_power_changes;
      result.has_fallen = result.has_fallen || (last_energy && energy < *last_energy);
      if (last_energy && energy != *last_energy) {
        if (first_step) {
          result.counted += Joules{static_cast<double>(energy - *last_energy) * 1e-3};
          result.integrated = integrated;
          result.length = elapsed(*first_step, at);
        } else {
          first_step = at;
        }
      }
      last_energy = energy;
      last_power = power;
      last_at = at;
      sleep(kSampleGap);
    }
    result.check = watch.check(1.1);
    return result;
  }

  void expect_agreement(const std::string& state, const Comparison& comparison) const {
    ASSERT_GT(comparison.length, Seconds{1.0}) << "the counter hardly moved";
    EXPECT_FALSE(comparison.has_fallen);
    const double ratio = comparison.counted / comparison.integrated;
    EXPECT_NEAR(ratio, 1.0, 0.10);
    registered.note(state + "_counter_over_sensor", ratio);
    registered.note(state + "_w", comparison.power().value());
    registered.note(state + "_seconds", comparison.length.value());
    if (comparison.check.refresh) {
      registered.note(state + "_counter_refresh_ms", comparison.check.refresh->value() * 1e3);
    }
    if (comparison.num_power_changes > 0) {
      registered.note(
          state + "_sensor_refresh_ms",
          comparison.length.value() * 1e3 / static_cast<double>(comparison.num_power_changes));
    }
    if (const auto degrees = library->temperature_c(board->device)) {
      registered.note(state + "_temperature_c", *degrees);
    }
  }

  /// Milliseconds that a call takes, the median of a hundred.
  template <typename Call>
  [[nodiscard]] static double latency_ms(Call call) {
    std::vector<double> times;
    const SystemClock clock;
    for (int i = 0; i < 100; ++i) {
      const MonotonicTime before = clock.now();
      call();
      times.push_back(elapsed(before, clock.now()).value() * 1e3);
      sleep(Seconds{0.005});
    }
    registered.note("slowest_call_ms", std::ranges::max(times));
    return median(std::move(times));
  }

  std::shared_ptr<const NvmlLibrary> library;
  std::optional<NvmlBoard> board;
  std::optional<Nvml> nvml;
};

TEST_F(GpuHardware, IsMeasuredByItsCounter) {
  const SystemClock clock;
  const MonotonicTime start = clock.now();
  const OpenedMeters opened = nvml->open_meters(clock);
  registered.note("open_ms", elapsed(start, clock.now()).value() * 1e3);
  const std::string id = "nvml:" + board->info.uuid;
  for (const BackendNote& note : opened.notes) {
    if (note.backend == id) registered.note("note", note.words);
  }
  const auto meter =
      std::ranges::find(opened.meters, id, [](const auto& each) { return each->channel().id; });
  ASSERT_NE(meter, opened.meters.end());
  registered.note("provenance", std::string(to_text((*meter)->channel().provenance)));
  registered.note("gain_uncertainty", (*meter)->channel().gain_uncertainty);
  const Microjoules before = must((*meter)->read(clock.now())).total;
  sleep(Seconds{2.0});
  EXPECT_GT(must((*meter)->read(clock.now())).total, before);
}

TEST_F(GpuHardware, AnswersInTime) {
  const double fields = latency_ms([&] { static_cast<void>(ask()); });
  registered.note("fields_call_ms", fields);
  registered.note("power_usage_call_ms",
                  latency_ms([&] { static_cast<void>(library->power_usage(board->device)); }));
  EXPECT_LT(fields, 200.0);
}

TEST_F(GpuHardware, CountsAtIdleWhatItsSensorShows) {
  if (!ask().energy_mj) GTEST_SKIP() << ask().energy_mj.error().message;
  const Comparison idle = compare(comparison_length());
  EXPECT_GT(idle.power(), Watts{0.0});
  EXPECT_TRUE(idle.check.refresh.has_value());
  expect_agreement("idle", idle);
}

TEST_F(GpuHardware, CountsUnderLoadWhatItsSensorShowsAndMoreThanAtIdle) {
  const auto command = setting("WATTUNE_GPU_LOAD");
  if (!command) GTEST_SKIP() << "WATTUNE_GPU_LOAD names no command that keeps the GPU busy";
  if (!ask().energy_mj) GTEST_SKIP() << ask().energy_mj.error().message;
  const Comparison idle = compare(Seconds{3.0});
  const Load load(*command);
  sleep(kWarmUp);
  ASSERT_TRUE(load.is_running()) << "the load has ended: " << *command;
  const Comparison busy = compare(comparison_length());
  ASSERT_TRUE(load.is_running()) << "the load has ended: " << *command;
  EXPECT_GT(busy.power(), idle.power() * 1.2);
  expect_agreement("busy", busy);
}

}  // namespace
}  // namespace wattune::energy
