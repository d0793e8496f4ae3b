#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sm2_candidates.hpp"
#include "sm2_probe.hpp"
#include "sm2_rungs.hpp"

namespace wattune::strategies {

// What SM2 tells the reader of a report, stage by stage.

void note_probe(std::vector<std::string>& notes, const trial::History& history,
                const ProbeState& probe, const std::vector<std::int64_t>& batch_sizes,
                const Sm2Options& options);

void note_candidates(std::vector<std::string>& notes, const trial::History& history,
                     const CandidatePlan& plan, const Ladder& ladder, const Sm2Options& options);

void note_rungs(std::vector<std::string>& notes, const trial::History& history,
                const std::vector<TrialId>& candidates, const Ladder& ladder,
                const Sm2Options& options);

}  // namespace wattune::strategies
