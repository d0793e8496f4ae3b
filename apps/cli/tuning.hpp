#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/study/study.hpp"

namespace wattune::cli {

/// How a study is heard while it runs.
enum class Voice : std::uint8_t {
  Live,    ///< A view that is drawn over and over.
  Plain,   ///< One line for everything that happens.
  Silent,  ///< Nothing at all.
};

/// Live on a terminal, unless plain lines are asked for.
[[nodiscard]] Voice voice_for(bool is_plain);

/// A study to be run on this machine.
struct Tuning {
  const config::StudyFile& file;
  std::filesystem::path database;
  /// Trained to the end in place of a search; nothing: the strategy searches.
  std::optional<std::vector<space::Configuration>> candidates = {};
  bool has_history = false;  ///< Learns from earlier studies.
  Voice voice = Voice::Plain;
};

/// Runs the study, or goes on with it, on the meters and slots of this machine. Ctrl-C pauses it.
///
/// Errors   CommandError     the database cannot be used
///          StudyFileError   the machine has not what the study asks for
[[nodiscard]] study::StudyEnd run_tuning(const Tuning& tuning);

/// Has the database a study that came to its end, and was not interrupted?
[[nodiscard]] bool is_finished(const std::filesystem::path& database);

/// Moves a study out of the way: name.db becomes name-1.db, which is given, and its files with it.
std::filesystem::path put_aside(const std::filesystem::path& database);

}  // namespace wattune::cli
