#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tuning.hpp"
#include "wattune/replication/manifest.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::cli {

/// Where the results of a replication lie: FOLDER/results/SCALE.
[[nodiscard]] std::filesystem::path results_folder(const replication::Manifest& manifest,
                                                   replication::Scale scale);

struct ReplicationRun {
  const replication::Manifest& manifest;
  replication::Scale scale = replication::Scale::Small;
  bool again = false;  ///< Runs what is finished anew.
  Voice voice = Voice::Plain;
};

/// Runs the experiments one after the other as `tune` would, and writes their tables.
///
/// What is finished stays as it is; what was interrupted goes on. An experiment that cannot run or
/// whose trials all fail is written down with the reason, and the next one follows.
///
/// Gives    false where the user stopped it; the same call goes on
bool run_experiments(const ReplicationRun& run);

/// Reads the tables that a run has written.
///
/// Errors   CommandError  it has not been run at this scale
///          ConfigError   a table of wrong shape; names file and line
[[nodiscard]] replication::Workbook read_tables(const replication::Manifest& manifest,
                                                replication::Scale scale);

}  // namespace wattune::cli
