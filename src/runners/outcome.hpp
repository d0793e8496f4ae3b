#pragma once

#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::runners {

/// Why this runner ended a trial.
struct ForcedEnd {
  trial::Outcome outcome = trial::Outcome::Interrupted;
  std::string why;
  /// A program that could not be paused was ended: exit 0 or a checkpoint makes it paused.
  bool is_failed_pause = false;
};

/// All that decides how an assignment ended.
struct EndFacts {
  ChildExit exit;
  std::optional<ForcedEnd> forced;
  std::optional<trial::Verdict> told;  ///< Pause or Stop.
  bool has_checkpoint = false;
  bool is_at_max = false;  ///< The last report was at the end of a full training.
  bool was_out_of_memory = false;
  std::vector<std::string> missing_metrics;  ///< Required and never reported.
  std::string stderr_tail;
};

struct Ending {
  trial::Outcome outcome = trial::Outcome::Completed;
  std::string detail;  ///< Why, and the last lines of stderr; empty where all is well.
};

/// The table of docs/protocol.md, "How a trial ends".
[[nodiscard]] Ending decide_ending(const EndFacts& facts);

}  // namespace wattune::runners
