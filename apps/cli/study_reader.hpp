#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "wattune/report/document.hpp"

namespace wattune::cli {

/// Where `wattune tune` keeps the study of this name: runs/NAME.db below the current folder.
[[nodiscard]] std::filesystem::path default_database(const std::string& study_name);

/// The database that the user means: a .db file as it is, a study file's own, and with no argument
/// the one in runs/ that was written last.
///
/// Errors   CommandError  there is none
[[nodiscard]] std::filesystem::path find_database(const std::string& argument);

/// Reads the whole log.
///
/// Errors   CommandError  it cannot be read or holds no study
[[nodiscard]] report::StudyRecord read_study(const std::filesystem::path& database);

/// Importance and proxies take longer than the rest of the document; few commands show them.
enum class Insight : bool { Without, With };

/// The report document of a study, with the settings its last session was run with.
[[nodiscard]] nlohmann::ordered_json read_document(const std::filesystem::path& database,
                                                   Insight insight = Insight::Without);
/// The same, of a study that is in memory; with the figure of Carbontracker where it is asked for,
/// though the study may not.
[[nodiscard]] nlohmann::ordered_json document_of(
    const report::StudyRecord& record, Insight insight = Insight::Without,
    const std::optional<report::CarbontrackerOptions>& carbontracker = std::nullopt);

}  // namespace wattune::cli
