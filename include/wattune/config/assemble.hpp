#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wattune/base/device_state.hpp"
#include "wattune/config/study_file.hpp"
#include "wattune/energy/power_limit.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/trial/budget.hpp"

namespace wattune::config {

// From the plain data of a study file to the objects that run it: the one place that knows every
// concrete name.

/// Does the study's strategy begin with what earlier studies have learned?
[[nodiscard]] bool learns_from_history(const StudyFile& file);

/// Takes    warm_start  what the study that the file names there offers; tried after `try_first`
///          learned  configurations that did well in earlier studies; tried after those, by a
///          strategy that learns from history
/// Errors   StudyFileError  the strategy does not fit the problem
[[nodiscard]] std::unique_ptr<strategies::Strategy> make_strategy(
    const StudyFile& file, const trial::Problem& problem,
    std::vector<space::Configuration> warm_start = {},
    std::vector<space::Configuration> learned = {});

/// Tries the given configurations one after another, each to a full training.
[[nodiscard]] std::unique_ptr<strategies::Strategy> make_list_strategy(
    const trial::Problem& problem, std::vector<space::Configuration> configurations);

[[nodiscard]] trial::Budgets make_budgets(const StudyFile& file);

/// What the runner needs besides the study file.
struct RunnerSurroundings {
  std::filesystem::path files_dir;                   ///< One folder per trial below it.
  std::map<std::string, std::string> environment;    ///< What trials inherit.
  std::vector<std::string> gpus;                     ///< UUIDs of the machine's GPUs.
  std::map<std::string, std::string> rocm_ids = {};  ///< As runners::SlotOptions has them.
  std::function<DeviceState()> read_devices =
      {};  ///< How warm they are; nothing is recorded without.
  /// Sets the limits that a parameter with the role `gpu_power_limit` has; outlives the runner.
  energy::PowerLimitControl* power_limits = nullptr;
};

/// Whether trials set the power limits of their GPUs.
[[nodiscard]] bool tunes_power_limit(const StudyFile& file);
/// The study file's error where nothing can set them at all.
[[nodiscard]] StudyFileError no_power_limit_error(const StudyFile& file, const std::string& why);

/// Errors   StudyFileError  a command that cannot be split, more slots than the machine has,
///                          `cooldown` on a machine that shows no temperature, a power limit that
///                          a GPU does not allow or that this user may not set
[[nodiscard]] runners::LocalRunnerOptions make_runner_options(const StudyFile& file,
                                                              RunnerSurroundings surroundings);

}  // namespace wattune::config
