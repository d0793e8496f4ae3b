#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "wattune/energy/meter.hpp"

namespace wattune::energy {

enum class BackendState : std::uint8_t {
  Used,     ///< A meter was opened.
  Refused,  ///< It is there, but not used.
  Absent,   ///< It is not there.
};

/// What became of one source of energy readings, in words for people.
struct BackendNote {
  std::string backend;  ///< "rapl:package-0", "nvml", ...
  BackendState state = BackendState::Absent;
  std::string words;        ///< Why.
  std::string remedy = {};  ///< The exact commands that would make it usable; empty if none would.
};

/// Meters that can be used, and a note on everything that was looked at.
struct OpenedMeters {
  std::vector<std::unique_ptr<Meter>> meters;  ///< May be added up.
  std::vector<BackendNote> notes;
  std::vector<std::unique_ptr<Meter>> observed = {};  ///< To be shown, never to be added.
};

}  // namespace wattune::energy
