#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// What a channel covers. Names are for reports and metrics.
enum class ChannelKind : std::uint8_t {
  Package,      ///< A processor package or die.
  Core,         ///< Its cores: part of a package.
  Uncore,       ///< The rest of it, often a graphics unit: part of a package.
  Dram,         ///< Memory of a socket; not part of the package.
  Platform,     ///< RAPL's psys: contains the packages.
  Gpu,          ///< A GPU board.
  GpuModule,    ///< A module that joins CPU, memory and GPU under one counter.
  GpuInstance,  ///< A slice of a GPU (MIG): part of a board.
  Node,         ///< The whole machine.
};

[[nodiscard]] std::string_view to_text(ChannelKind kind);

/// A GPU, a module or a slice of one: energy that belongs to whoever has reserved the device.
[[nodiscard]] bool is_gpu(ChannelKind kind);

/// One physical accumulated energy, and what is known about how well it is measured.
struct Channel {
  std::string
      id;  ///< Stable and unique on the machine: "rapl:package-0", "nvml:GPU-3f…", "cpu:model".
  ChannelKind kind = ChannelKind::Package;
  Provenance provenance = Provenance::Measured;
  double gain_uncertainty = 0.0;  ///< Relative half width of a 95 % interval, 0.05 = ±5 %.
  Seconds refresh;                ///< The counter moves in steps of about this length.
  std::string source = {};        ///< Where the figures come from, in words for the report.
  std::optional<std::string> device_uuid =
      {};  ///< Joins a GPU channel with the slot that uses the GPU.
  std::optional<std::string> contained_in =
      {};                          ///< Id of the channel whose energy includes this one's.
  std::optional<int> socket = {};  ///< The processor socket it belongs to, where known.
};

/// What a channel's figures are worth since its first source failed and another is read.
struct FallbackSource {
  Provenance provenance = Provenance::Modelled;
  double gain_uncertainty = 0.0;
  bool operator==(const FallbackSource&) const = default;
};

/// A running total and the moment it was true.
struct Reading {
  Microjoules total;  ///< Since the meter was opened; never goes down.
  MonotonicTime read_at;
  bool estimated = false;   ///< Part of the last step was filled in: the counter had restarted.
  Joules uncertainty = {};  ///< Half width of a 95 % interval around what was filled in.
  Seconds took = {};        ///< The total was true at some moment of so long a time.
  /// The device did not answer in time, and its last reading was carried on for so long with the
  /// power it had then: the total is unsure by that much.
  Seconds carried = {};
  std::optional<FallbackSource> fallback = {};  ///< Holds for this reading and all later ones.
};

/// Tells how much energy one channel has drawn.
///
/// Hardware counters wrap, restart and move in steps. A meter hides all three: callers subtract two
/// readings and never meet a raw register.
///
/// Errors   Transient   this read failed, the next may not; no energy is lost
///          Permission  the counter exists, but this user may not read it
///          Ended       the device has gone; discard the meter
/// Threads  one thread per meter; different meters may be read in parallel
class Meter {
 public:
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  virtual ~Meter() = default;

  [[nodiscard]] virtual const Channel& channel() const = 0;

  /// Read at least this often. A longer silence can hide a whole turn of the counter.
  [[nodiscard]] virtual Seconds longest_safe_gap() const = 0;

  /// Reading this often makes the stated uncertainty true; a counter is content with the longest
  /// safe gap, a power sensor wants every one of its figures.
  [[nodiscard]] virtual Seconds preferred_gap() const { return longest_safe_gap(); }

  /// Power without work where it is known (a model knows its own); otherwise it is calibrated.
  [[nodiscard]] virtual std::optional<Watts> idle_power() const = 0;

  /// Reads the counter once and adds what was drawn since the last good read.
  [[nodiscard]] virtual Result<Reading> read(MonotonicTime now) = 0;

 protected:
  Meter() = default;
};

}  // namespace wattune::energy
