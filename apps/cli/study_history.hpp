#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/report/document.hpp"
#include "wattune/strategies/past_study.hpp"

namespace wattune::cli {

// What later studies of this user can learn from: one file for each study that has ended, in the
// folder `history` of the state folder.

/// A past study and the file it is kept in.
struct KeptStudy {
  std::string id;  ///< The file's name without its ending.
  std::filesystem::path file;
  strategies::PastStudy study;
};

/// Nothing where there is no state folder.
[[nodiscard]] std::optional<std::filesystem::path> history_folder();

/// Does this run keep and use histories? Not with WATTUNE_HISTORY=off, `history: false` or the
/// command line's word against it.
[[nodiscard]] bool is_history_on(const config::StudyFile& file, bool is_refused);

/// All that can be read, in the order of their names.
[[nodiscard]] std::vector<KeptStudy> read_history();

/// Keeps what a study has come to, in place of what was kept of it before; gives the file's name
/// without its ending. Nothing where there is nothing to learn or nowhere to keep it.
std::optional<std::string> keep_in_history(const report::StudyRecord& record,
                                           const std::filesystem::path& database);

/// What a study begins with: as its earlier sessions had it, so that it goes on with the same
/// decisions; else what the history offers now.
[[nodiscard]] std::vector<space::Configuration> learned_configurations(
    const trial::Problem& problem, const std::filesystem::path& database);

}  // namespace wattune::cli
