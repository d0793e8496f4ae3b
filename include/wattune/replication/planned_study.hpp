#pragma once

#include <map>
#include <string>

#include "wattune/config/study_file.hpp"
#include "wattune/config/yaml_tree.hpp"
#include "wattune/replication/manifest.hpp"

namespace wattune::replication {

/// Puts overrides over a study file: its sections are merged key by key, and what stands below a
/// key is replaced as a whole. A key with nothing behind it is taken away.
[[nodiscard]] config::YamlNode merged(config::YamlNode base, const config::YamlNode& overrides);

/// The tree as a YAML text that reads back as the same tree.
[[nodiscard]] std::string to_yaml(const config::YamlNode& node);

/// What is wrong, without the places: those of a study that was put together are in no file that
/// the user wrote.
[[nodiscard]] std::string words_of(const config::StudyFileError& error);

/// An experiment's study file as it is run, and its text.
struct PlannedStudy {
  config::StudyFile file;
  std::string text;
};

/// Takes    inputs  the path of each input, by the name of the parameter that becomes it
/// Errors   StudyFileError  of the study file where it is wrong by itself; else of the manifest, at
///                          the experiment whose overrides do not fit
[[nodiscard]] PlannedStudy plan_study(const Manifest& manifest, const Experiment& experiment,
                                      Scale scale,
                                      const std::map<std::string, std::string>& inputs = {});

}  // namespace wattune::replication
