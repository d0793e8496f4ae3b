#include "wattune/energy/device_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr Celsius kColdest{-40.0};
constexpr Celsius kHottest{150.0};
/// Linux before 5.18 may sleep 10 ms for each clock that is asked for.
constexpr std::size_t kMaxClocks = 16;

/// The entries of a folder whose names begin so, in the order of their names.
std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem)) {
    if (it->path().filename().string().starts_with(prefix)) found.push_back(it->path());
  }
  std::ranges::sort(found);
  return found;
}

/// A file in thousandths of a degree; nothing for what no working sensor shows.
std::optional<Celsius> read_temperature(const fs::path& path) {
  const Result<std::string> word = read_word(path);
  if (!word) return std::nullopt;
  long value = 0;
  const char* const end = word->data() + word->size();
  const auto [stop, problem] = std::from_chars(word->data(), end, value);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  const Celsius temperature{static_cast<double>(value) * 1e-3};
  if (temperature < kColdest || temperature > kHottest) return std::nullopt;
  return temperature;
}

void keep_higher(std::optional<Celsius>& warmest, const std::optional<Celsius>& other) {
  if (other && (!warmest || *other > *warmest)) warmest = other;
}

/// The warmest of the sensors of one hwmon device whose labels begin so; of all where `label` is
/// empty.
std::optional<Celsius> warmest_sensor(const fs::path& device, std::string_view label) {
  constexpr std::string_view kEnding = "_input";
  std::optional<Celsius> warmest;
  for (const fs::path& input : entries(device, "temp")) {
    const std::string name = input.filename().string();
    if (!name.ends_with(kEnding)) continue;
    const std::string sensor = name.substr(0, name.size() - kEnding.size());
    if (!label.empty()) {
      const Result<std::string> text = read_word(device / (sensor + "_label"));
      if (!text || !text->starts_with(label)) continue;
    }
    keep_higher(warmest, read_temperature(input));
  }
  return warmest;
}

/// The temperature of the package that one hwmon device is about, if it is about one.
std::optional<Celsius> package_temperature(const fs::path& device) {
  const Result<std::string> name = read_word(device / "name");
  if (!name) return std::nullopt;
  std::vector<std::string_view> labels;
  if (*name == "coretemp") labels = {"Package id", ""};
  if (*name == "k10temp" || *name == "zenpower") labels = {"Tdie", "Tctl", ""};
  for (const std::string_view label : labels) {
    if (const auto warmest = warmest_sensor(device, label)) return warmest;
  }
  return std::nullopt;
}

std::optional<Celsius> cpu_temperature(const fs::path& sys_root) {
  std::optional<Celsius> warmest;
  for (const fs::path& device : entries(sys_root / "class/hwmon", "hwmon")) {
    keep_higher(warmest, package_temperature(device));
  }
  if (warmest) return warmest;
  for (const fs::path& zone : entries(sys_root / "class/thermal", "thermal_zone")) {
    const Result<std::string> type = read_word(zone / "type");
    if (type && *type == "x86_pkg_temp") keep_higher(warmest, read_temperature(zone / "temp"));
  }
  return warmest;
}

/// A mean that has something to be the mean of.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  [[nodiscard]] std::optional<Hertz> hertz() const {
    if (count_ == 0 || sum_ <= 0.0) return std::nullopt;
    return Hertz{sum_ / static_cast<double>(count_)};
  }

 private:
  double sum_ = 0.0;
  std::size_t count_ = 0;
};

std::optional<Hertz> clock_from_cpuinfo(const fs::path& proc_root) {
  Mean mean;
  std::ifstream info(proc_root / "cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("cpu MHz")) continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string_view text = std::string_view(line).substr(colon + 2);
    double megahertz = 0.0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), megahertz);
    if (read.ec == std::errc{}) mean.add(megahertz * 1e6);
  }
  return mean.hertz();
}

void read_frequencies(const DeviceStateOptions& options, DeviceState::Cpu& cpu) {
  std::set<std::string> governors;
  std::vector<fs::path> scaled;
  for (const fs::path& core : entries(options.sys_root / "devices/system/cpu", "cpu")) {
    const auto governor = read_word(core / "cpufreq/scaling_governor");
    if (governor) governors.insert(*governor);
    std::error_code ignored;
    if (fs::exists(core / "cpufreq/scaling_cur_freq", ignored)) scaled.push_back(core);
  }
  Mean mean;
  const std::size_t stride = (scaled.size() + kMaxClocks - 1) / kMaxClocks;
  for (std::size_t i = 0; i < scaled.size(); i += stride) {
    const auto kilohertz = read_number(scaled[i] / "cpufreq/scaling_cur_freq");
    if (kilohertz) mean.add(static_cast<double>(*kilohertz) * 1e3);
  }
  cpu.clock = mean.hertz();
  if (!cpu.clock) cpu.clock = clock_from_cpuinfo(options.proc_root);
  for (const std::string& governor : governors) {
    cpu.governor = cpu.governor ? *cpu.governor + "+" + governor : governor;
  }
}

}  // namespace

std::function<std::vector<DeviceState::Gpu>()> gpu_state_reader(Nvml nvml) {
  std::vector<GpuInfo> boards = nvml.list_gpus();
  return [nvml = std::move(nvml), boards = std::move(boards)] {
    std::vector<DeviceState::Gpu> gpus;
    for (GpuState& state : nvml.states()) {
      DeviceState::Gpu gpu{std::move(state.uuid), std::nullopt, std::nullopt, state.enforced_limit};
      if (state.temperature_c) gpu.temperature = Celsius{*state.temperature_c};
      if (state.sm_clock_mhz) gpu.clock = Hertz{1e6 * *state.sm_clock_mhz};
      const auto board = std::ranges::find(boards, gpu.uuid, &GpuInfo::uuid);
      const bool is_sliced = board != boards.end() && !board->instances.empty();
      if (!is_sliced) {
        gpus.push_back(std::move(gpu));
        continue;
      }
      // Trials reserve the slices of such a board, and each of them is as warm as the board.
      for (const MigSlice& slice : board->instances) {
        gpu.uuid = slice.uuid;
        gpus.push_back(gpu);
      }
    }
    return gpus;
  };
}

DeviceState read_device_state(const DeviceStateOptions& options) {
  DeviceState state;
  state.cpu.temperature = cpu_temperature(options.sys_root);
  read_frequencies(options, state.cpu);
  if (options.gpus) state.gpus = options.gpus();
  return state;
}

}  // namespace wattune::energy
