#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sm2_halving.hpp"
#include "sm2_probe.hpp"
#include "sm2_rates.hpp"

namespace wattune::strategies {

// What SM2 tells the reader of a report, stage by stage.

void note_probe(std::vector<std::string>& notes, const trial::History& history,
                const ProbeState& probe, const std::vector<std::int64_t>& batch_sizes,
                const Sm2Options& options);

void note_rates(std::vector<std::string>& notes, const trial::History& history,
                const RangeTest& rates, const Sm2Options& options);

void note_candidates(std::vector<std::string>& notes, const trial::History& history,
                     const Halving& halving);

void note_rungs(std::vector<std::string>& notes, const trial::History& history,
                const Halving& halving, const Sm2Options& options);

void note_what_is_missing(std::vector<std::string>& notes, const trial::History& history,
                          const Sm2Options& options);

/// The ways that are not the usual ones, each after a comma.
[[nodiscard]] std::string modes_text(const Sm2Options& options);

}  // namespace wattune::strategies
