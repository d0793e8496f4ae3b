#pragma once

#include <compare>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// What idle power depends on: another kernel or another governor needs a calibration of its own.
struct IdleConditions {
  std::string host;
  std::string kernel;
  std::optional<std::string> governor;  ///< Of the first processor; none where there is none.

  auto operator<=>(const IdleConditions&) const = default;
};

/// The conditions that this machine is in.
///
/// Errors   as reading `sys/kernel/hostname` and `sys/kernel/osrelease` below the root of procfs
[[nodiscard]] Result<IdleConditions> read_idle_conditions(
    const std::filesystem::path& proc_root = "/proc",
    const std::filesystem::path& cpu_root = "/sys/devices/system/cpu");

/// Idle power of channels, and how it was found.
struct IdleCalibration {
  IdleConditions conditions;
  WallTime calibrated_at;
  Seconds duration;
  std::optional<double> busy_share;    ///< Of the processors in that time; none: not known.
  std::map<std::string, Watts> power;  ///< By channel id.
};

/// Keeps calibrations, one file per host, so that a home that several hosts share is no trouble.
///
/// Errors   Permission, Transient  a file cannot be read or written; names it
///          Invalid                a file holds something else
/// Threads  one thread; a file is replaced whole, so that readers see the old or the new one
class IdleStore {
 public:
  explicit IdleStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The calibration of exactly these conditions.
  [[nodiscard]] Result<std::optional<IdleCalibration>> find(const IdleConditions& conditions) const;
  /// Every calibration of a host.
  [[nodiscard]] Result<std::vector<IdleCalibration>> list(const std::string& host) const;
  /// Takes the place of an older one of the same conditions.
  [[nodiscard]] Result<void> save(const IdleCalibration& calibration) const;
  /// Whether there was one to forget.
  [[nodiscard]] Result<bool> forget(const IdleConditions& conditions) const;

  [[nodiscard]] std::filesystem::path file_of(const std::string& host) const;

 private:
  [[nodiscard]] Result<void> write(const std::string& host,
                                   const std::vector<IdleCalibration>& calibrations) const;

  std::filesystem::path folder_;
};

/// The 5th percentile of the power of windows of a quiet run (nearest rank): what a channel draws
/// when next to nothing happens, without being misled by one odd window. None without a window.
[[nodiscard]] std::optional<Watts> idle_power_of(std::vector<Watts> windows);

/// A window of calibration is so long that a counter's steps blur its power by less than 2 %.
[[nodiscard]] Seconds idle_window(Seconds refresh);

}  // namespace wattune::energy
