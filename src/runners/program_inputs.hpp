#pragma once

#include <nlohmann/json_fwd.hpp>

#include "child_process.hpp"
#include "trial_folder.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/runners/runner.hpp"
#include "wattune/runners/slots.hpp"
#include "wattune/space/space.hpp"

namespace wattune::runners {

/// All that decides what a trial's program is given; see docs/protocol.md.
struct ProgramInputs {
  const LocalRunnerOptions& options;
  const space::Space& space;
  const SlotPool& slots;
  const Launch& launch;
  const Slot& slot;
  const TrialFolder& folder;
};

/// The text of `config.json`.
[[nodiscard]] nlohmann::ordered_json config_json(const ProgramInputs& inputs);

/// Arguments, environment, folder and cores of the program; no descriptors.
[[nodiscard]] ChildSpec child_spec(const ProgramInputs& inputs);

}  // namespace wattune::runners
