#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wattune/base/result.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// What /proc/cpuinfo says about the processor.
struct CpuIdentity {
  std::string vendor;  ///< "GenuineIntel", "AuthenticAMD", or "ARM" for an implementer of 0x41.
  std::uint64_t family = 0;
  std::uint64_t model = 0;  ///< On ARM the part number.
  std::uint64_t stepping = 0;
  std::string name;         ///< For people.
  bool is_virtual = false;  ///< Runs under a hypervisor.
};

/// Power of one hardware thread of a processor architecture.
struct CpuCoefficients {
  std::string_view architecture;
  Watts idle;
  Watts busy;
};

[[nodiscard]] CpuIdentity parse_cpu_identity(std::string_view cpuinfo);

/// The table that the model computes with.
///
/// Source   docs/metering.md, "Modelled CPU"
[[nodiscard]] std::span<const CpuCoefficients> cpu_coefficients();

/// What is used for a processor that the table does not know: the mean over a cloud's servers.
[[nodiscard]] CpuCoefficients mean_cpu_coefficients();

/// The row of the table for this processor.
[[nodiscard]] std::optional<CpuCoefficients> find_cpu_coefficients(const CpuIdentity& identity);

/// Opens the channel "cpu:model": energy of the whole machine computed from its CPU time.
///
/// energy = threads * idle power * time + (busy - idle power) * busy CPU time. Time stolen by the
/// host is not work of this machine and does not count. The coefficients are whole-server wall
/// power, so memory and power supply are inside.
///
/// Errors   as `read_machine_cpu`; an unreadable cpuinfo gives the mean coefficients
[[nodiscard]] Result<std::unique_ptr<Meter>> open_cpu_model(
    MonotonicTime now, const std::filesystem::path& proc_root = "/proc");

/// Power of a processor at a load from 0 to 1, as a share of its rated power (TDP).
///
/// Source   docs/metering.md, "Modelled CPU"
[[nodiscard]] double tdp_share(double load);

/// Opens the channel "cpu:model" for a machine of its own whose rated power is known: the power at
/// the load of every interval between two reads.
///
/// Covers the packages alone, neither memory nor anything else of the machine.
///
/// Takes    tdp  of all packages together, above 0 W
/// Errors   as `read_machine_cpu`
[[nodiscard]] Result<std::unique_ptr<Meter>> open_tdp_model(
    MonotonicTime now, Watts tdp, const std::filesystem::path& proc_root = "/proc");

}  // namespace wattune::energy
