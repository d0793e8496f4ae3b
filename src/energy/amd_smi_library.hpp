#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

using AmdSocket = void*;
using AmdProcessor = void*;

/// An energy counter with the length of its step.
struct AmdEnergyCount {
  std::uint64_t ticks = 0;
  double tick_uj = 0.0;
};

/// The functions of libamd_smi.so that are used, as calls that say in words why they failed.
///
/// Errors   NotFound    this device does not have it
///          Permission  this user may not
///          Transient   anything else
/// Threads  any: calls wait for each other, for the library itself is not safe
/// Source   amdsmi.h of versions 24.7, 25 and 26.5
class AmdSmiLibrary {
 public:
  /// Takes    name  a path; empty looks for the known versions
  [[nodiscard]] static Result<std::shared_ptr<const AmdSmiLibrary>> open(
      const std::string& name, const std::filesystem::path& root);
  ~AmdSmiLibrary();
  AmdSmiLibrary(const AmdSmiLibrary&) = delete;
  AmdSmiLibrary& operator=(const AmdSmiLibrary&) = delete;

  /// 24, 25 or 26.
  [[nodiscard]] unsigned abi() const { return abi_; }

  [[nodiscard]] Result<std::vector<AmdSocket>> sockets() const;
  /// The partitions of a socket; one if it is not partitioned.
  [[nodiscard]] Result<std::vector<AmdProcessor>> processors(AmdSocket socket) const;
  [[nodiscard]] Result<std::string> uuid(AmdProcessor processor) const;
  [[nodiscard]] Result<std::string> name(AmdProcessor processor) const;
  /// "0000:03:00.0"
  [[nodiscard]] Result<std::string> pci_address(AmdProcessor processor) const;

  [[nodiscard]] Result<AmdEnergyCount> energy(AmdProcessor processor) const;
  [[nodiscard]] Result<Watts> power(AmdProcessor processor) const;
  [[nodiscard]] Result<Watts> power_cap(AmdProcessor processor) const;
  /// Share of time in which the compute units are busy, 0 to 1.
  [[nodiscard]] Result<double> activity(AmdProcessor processor) const;

 private:
  struct Functions;
  AmdSmiLibrary();

  [[nodiscard]] static Result<std::shared_ptr<const AmdSmiLibrary>> load(const std::string& path);
  [[nodiscard]] Result<void> check_version(const std::string& path);

  unsigned abi_ = 0;
  mutable std::mutex mutex_;
  std::unique_ptr<Functions> functions_;
};

/// The places in which the library is looked for. A name stands for itself.
[[nodiscard]] std::vector<std::string> amd_smi_places(const std::string& name,
                                                      const std::filesystem::path& root);

}  // namespace wattune::energy
