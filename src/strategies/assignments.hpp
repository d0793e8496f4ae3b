#pragma once

#include "wattune/trial/history.hpp"

namespace wattune::strategies {

/// Where a trial goes on from: its checkpoint, or the beginning where there is none.
[[nodiscard]] inline double resume_step(const trial::Trial& trial) {
  const auto checkpoint = trial.checkpoint();
  return checkpoint ? checkpoint->position : 0.0;
}

}  // namespace wattune::strategies
