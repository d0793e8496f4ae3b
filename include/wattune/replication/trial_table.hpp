#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "wattune/replication/expression.hpp"
#include "wattune/replication/table.hpp"
#include "wattune/report/document.hpp"

namespace wattune::replication {

/// One row for each trial of a study, with everything that is known of it and where it comes from.
///
/// Columns  experiment, trial, state, outcome, detail, purpose, origin, rung, step, complete,
///          on_front, recommended, feasible, duration_s, energy_j, energy_uncertainty_j,
///          energy_idle_j, energy_provenance, carbon_g; parameter.NAME, metric.NAME, info.NAME;
///          phase.NAME.energy_j, .duration_s, .samples; then of the study seed, machine, cpu,
///          meters, wattune, started_at
/// Takes    document  the report document of the same record
///          columns   formulas over these columns, added behind them
[[nodiscard]] Table trial_table(const std::string& experiment, const report::StudyRecord& record,
                                const nlohmann::ordered_json& document,
                                const std::vector<std::pair<std::string, Expression>>& columns);

/// One row for each report of each trial: experiment, trial, parameter.NAME, step, energy_j,
/// duration_s, samples, metric.NAME; energy and time since the beginning of the trial.
[[nodiscard]] Table curve_table(const std::string& experiment, const report::StudyRecord& record);

/// One row for an experiment: experiment, state, why, strategy, trials, failed, energy_j,
/// energy_uncertainty_j, energy_provenance, probe_j, exploration_j, final_j, engine_j, idle_j,
/// elapsed_s, quality, quality_energy_j, recommended, recommended_quality, recommended_energy_j,
/// carbontracker_wh, carbontracker_pue_wh, carbon_g, grid_g_per_kwh.
///
/// `quality` is the best that is known, `quality_energy_j` what the study had drawn by then;
/// `recommended_energy_j` is that of a full training of the recommended configuration.
[[nodiscard]] Table experiment_table(const std::string& experiment,
                                     const nlohmann::ordered_json& document);
/// The row of an experiment that left nothing: its state and why.
[[nodiscard]] Table experiment_table(const std::string& experiment, const std::string& state,
                                     const std::string& why);

}  // namespace wattune::replication
