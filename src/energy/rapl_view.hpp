#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/energy/backend.hpp"
#include "wattune/energy/counter.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// One energy that RAPL counts, whichever way it is read.
struct RaplDomain {
  std::optional<int> socket;
  std::optional<int> die;
  ChannelKind kind = ChannelKind::Package;

  /// As the kernel names its zones: "package-0", "package-0-die-1:dram", "psys".
  [[nodiscard]] std::string text() const;
  auto operator<=>(const RaplDomain&) const = default;
};

/// Whether two ways show one energy. A way that does not tell dies apart shows the whole socket.
[[nodiscard]] bool is_same_energy(const RaplDomain& one, const RaplDomain& other);

enum class RaplWay : std::uint8_t { Perf, Powercap, Mmio };
[[nodiscard]] std::string_view to_text(RaplWay way);

/// A way to read a domain, and what it showed while it was being tested.
struct RaplView {
  RaplDomain domain;
  RaplWay way = RaplWay::Powercap;
  std::string place;  ///< For people: "intel-rapl:0", "energy-pkg on CPU 0".
  CounterLimits limits;
  std::function<Result<std::uint64_t>()> read_raw;
  std::vector<std::uint64_t> early = {};  ///< Ticks; read before the views of other ways,
  std::vector<std::uint64_t> late = {};   ///< and after them, at every sample.

  [[nodiscard]] std::string name() const;  ///< "perf:package-0".
};

/// What one way found on the machine.
struct RaplViews {
  std::vector<RaplView> views;
  std::vector<RaplDomain> unreadable = {};  ///< There, but nobody may or can read them this way.
  std::vector<BackendNote> notes = {};
};

/// Power that a domain surely never exceeds; twice what it is rated for, where that is known.
[[nodiscard]] Watts rapl_power_limit(ChannelKind kind, std::optional<Watts> rated);

constexpr Seconds kRaplRefresh{0.001};

}  // namespace wattune::energy
