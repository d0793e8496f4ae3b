#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wattune/replication/manifest.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::replication {

enum class CheckState : std::uint8_t {
  Holds,
  Broken,
  Untold,  ///< What it needs is missing: a target that nobody reached, an experiment that failed.
};
[[nodiscard]] std::string_view to_text(CheckState state);

/// A claim about the shape of the result, and whether it is so. Never about an absolute energy:
/// that is another one on every machine.
struct CheckResult {
  std::string claim;
  CheckState state = CheckState::Untold;
  std::string words;  ///< What broke it, or what is missing.
};

[[nodiscard]] CheckResult check(const Spec& spec, const Workbook& book);

}  // namespace wattune::replication
