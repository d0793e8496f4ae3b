#include "wattune/energy/idle_power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "small_file.hpp"
#include "wattune/base/require.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormat = 1;

json to_json(const IdleCalibration& calibration) {
  json power = json::object();
  for (const auto& [channel, watts] : calibration.power) power[channel] = watts.value();
  const IdleConditions& conditions = calibration.conditions;
  return {{"kernel", conditions.kernel},
          {"governor", conditions.governor ? json(*conditions.governor) : json(nullptr)},
          {"calibrated_at_us", calibration.calibrated_at.time_since_epoch().count()},
          {"duration_s", calibration.duration.value()},
          {"busy_share", calibration.busy_share ? json(*calibration.busy_share) : json(nullptr)},
          {"idle_w", power}};
}

IdleCalibration from_json(const json& entry, const std::string& host) {
  IdleCalibration calibration;
  calibration.conditions.host = host;
  calibration.conditions.kernel = entry.at("kernel");
  if (!entry.at("governor").is_null()) calibration.conditions.governor = entry.at("governor");
  calibration.calibrated_at =
      WallTime{std::chrono::microseconds{entry.at("calibrated_at_us").get<std::int64_t>()}};
  calibration.duration = Seconds{entry.at("duration_s").get<double>()};
  if (!entry.at("busy_share").is_null()) calibration.busy_share = entry.at("busy_share");
  for (const auto& [channel, watts] : entry.at("idle_w").items()) {
    const auto value = watts.get<double>();
    if (!std::isfinite(value) || value < 0.0) throw std::out_of_range("idle power below 0 W");
    calibration.power.emplace(channel, Watts{value});
  }
  return calibration;
}

Error write_error(const fs::path& path, const std::error_code& error) {
  const bool is_refused = error == std::errc::permission_denied;
  return {is_refused ? ErrorKind::Permission : ErrorKind::Transient,
          fmt::format("cannot write {}: {}", path.string(),
                      error ? error.message() : "no space or no permission")};
}

}  // namespace

Result<IdleConditions> read_idle_conditions(const fs::path& proc_root, const fs::path& cpu_root) {
  const Result<std::string> host = read_word(proc_root / "sys/kernel/hostname");
  if (!host) return tl::unexpected(host.error());
  const Result<std::string> kernel = read_word(proc_root / "sys/kernel/osrelease");
  if (!kernel) return tl::unexpected(kernel.error());
  IdleConditions conditions{*host, *kernel, std::nullopt};
  if (const auto governor = read_word(cpu_root / "cpu0/cpufreq/scaling_governor")) {
    conditions.governor = *governor;
  }
  return conditions;
}

fs::path IdleStore::file_of(const std::string& host) const {
  std::string name = host;
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == '\0'; }, '_');
  return folder_ / ("idle-" + name + ".json");
}

Result<std::vector<IdleCalibration>> IdleStore::list(const std::string& host) const {
  std::vector<IdleCalibration> calibrations;
  const fs::path file = file_of(host);
  const Result<std::string> text = read_small_file(file);
  if (!text && text.error().kind == ErrorKind::NotFound) return calibrations;
  if (!text) return tl::unexpected(text.error());
  try {
    const json document = json::parse(*text);
    if (document.at("format") != kFormat || document.at("host") != host) {
      return fail(ErrorKind::Invalid, file.string() + ": another format or another host");
    }
    for (const json& entry : document.at("calibrations")) {
      calibrations.push_back(from_json(entry, host));
    }
  } catch (const std::exception&) {
    return fail(ErrorKind::Invalid, file.string() + ": holds no calibration of idle power");
  }
  return calibrations;
}

Result<std::optional<IdleCalibration>> IdleStore::find(const IdleConditions& conditions) const {
  const auto calibrations = list(conditions.host);
  if (!calibrations) return tl::unexpected(calibrations.error());
  const auto found = std::ranges::find(*calibrations, conditions, &IdleCalibration::conditions);
  if (found == calibrations->end()) return std::optional<IdleCalibration>{};
  return std::optional<IdleCalibration>{*found};
}

Result<void> IdleStore::save(const IdleCalibration& calibration) const {
  const std::string& host = calibration.conditions.host;
  auto calibrations = list(host);
  if (!calibrations) {
    if (calibrations.error().kind != ErrorKind::Invalid) {
      return tl::unexpected(calibrations.error());
    }
    calibrations = std::vector<IdleCalibration>{};  // What nobody can read, nobody misses.
  }
  std::erase_if(*calibrations, [&](const IdleCalibration& each) {
    return each.conditions == calibration.conditions;
  });
  calibrations->push_back(calibration);
  return write(host, *calibrations);
}

Result<bool> IdleStore::forget(const IdleConditions& conditions) const {
  auto calibrations = list(conditions.host);
  if (!calibrations) return tl::unexpected(calibrations.error());
  const auto num_forgotten = std::erase_if(
      *calibrations, [&](const IdleCalibration& each) { return each.conditions == conditions; });
  if (num_forgotten == 0) return false;
  return write(conditions.host, *calibrations).map([] { return true; });
}

Result<void> IdleStore::write(const std::string& host,
                              const std::vector<IdleCalibration>& calibrations) const {
  json entries = json::array();
  for (const IdleCalibration& calibration : calibrations) entries.push_back(to_json(calibration));
  const json document = {{"format", kFormat}, {"host", host}, {"calibrations", entries}};
  const fs::path file = file_of(host);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return tl::unexpected(write_error(folder_, error));
  fs::path draft = file;
  draft += ".part";
  std::ofstream out{draft, std::ios::binary};
  out << document.dump(2) << "\n";
  out.close();
  if (out) fs::rename(draft, file, error);
  if (!out || error) return tl::unexpected(write_error(file, error));
  return {};
}

std::optional<Watts> idle_power_of(std::vector<Watts> windows) {
  if (windows.empty()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(
      std::max(1.0, std::ceil(0.05 * static_cast<double>(windows.size()))));
  WATTUNE_REQUIRE(rank <= windows.size());
  std::ranges::nth_element(windows, windows.begin() + static_cast<std::ptrdiff_t>(rank - 1));
  return windows[rank - 1];
}

Seconds idle_window(Seconds refresh) {
  // Two edges that are even over a step each: standard deviation refresh / (sqrt(6) * window).
  return std::max(Seconds{1.0}, refresh * 21.0);
}

}  // namespace wattune::energy
