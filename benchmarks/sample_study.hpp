#pragma once

#include <filesystem>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::bench {

/// Ten parameters of three kinds, one objective.
[[nodiscard]] trial::Problem problem();

[[nodiscard]] trial::Reported report(TrialId id, int step, Rng& rng);

/// The life of one trial that goes to its end.
[[nodiscard]] std::vector<trial::Event> life_of(TrialId id, int num_reports,
                                                const space::Space& space);

/// Writes a finished study of so many trials with ten reports each.
void write_sample_study(const std::filesystem::path& database, std::uint32_t num_trials);

}  // namespace wattune::bench
