#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wattune/config/diagnostics.hpp"
#include "wattune/config/yaml_tree.hpp"
#include "wattune/replication/expression.hpp"

namespace wattune::replication {

/// How much of a paper is rerun.
enum class Scale : std::uint8_t {
  Small,  ///< Minutes on two cores: the same shape with fewer and shorter trainings.
  Full,   ///< The paper's own size.
};
[[nodiscard]] std::string_view to_text(Scale scale);
[[nodiscard]] std::optional<Scale> scale_from_text(std::string_view text);

/// The paper that is rerun.
struct Paper {
  std::string title;
  std::string authors;
  std::string venue;
  std::string link;
};

/// A file that an experiment takes from another one: a trained model, say.
struct Input {
  std::string parameter;   ///< The constant of the study file that becomes its path.
  std::string experiment;  ///< An earlier one; the folder of its recommended trial is looked into.
  std::string file;
  config::Place place;
};

/// What is different in a study; a Null node where nothing is.
struct Overrides {
  config::YamlNode always;
  std::map<Scale, config::YamlNode> at;
};

/// One study, and what is different in it.
struct Experiment {
  std::string name;
  std::vector<std::string> groups;  ///< Names that stand for it together with others of its matrix.
  std::string about;
  std::string study;                 ///< File beside the manifest.
  std::vector<Overrides> overrides;  ///< Its own, then those of its variants; the last one wins.
  std::vector<Input> inputs;
  std::vector<Scale> scales;  ///< At which it is run.
  config::Place place;
};

/// What a key of an analysis, a figure or a check may be given.
using Option = std::variant<std::string, double, bool, std::vector<std::string>, Expression,
                            std::vector<std::pair<std::string, Expression>>>;

/// An analysis, a figure or a check: what it is made from, and how.
struct Spec {
  std::string name;
  std::string kind;
  std::string title;
  std::vector<std::string> of;  ///< Experiments (also `NAME.curves`), `experiments`, analyses.
  std::optional<Expression> where;
  std::map<std::string, Option, std::less<>> options;
  config::Place place;

  [[nodiscard]] bool has(std::string_view key) const { return options.contains(key); }
  [[nodiscard]] std::string text(std::string_view key, std::string fallback = {}) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  /// Requires the key.
  [[nodiscard]] const Expression& expression(std::string_view key) const;
  [[nodiscard]] const std::vector<std::pair<std::string, Expression>>& expressions(
      std::string_view key) const;
};

/// A published study made of studies of ours, and what is to be learned from them.
struct Manifest {
  config::SourceText source;
  std::filesystem::path folder;
  std::string name = {};  ///< The folder's.
  std::string title = {};
  std::string about = {};
  Paper paper = {};
  std::vector<Experiment> experiments = {};
  /// Tables that lie beside the manifest, such as what the paper printed: name and CSV file.
  std::vector<std::pair<std::string, std::string>> tables = {};
  std::vector<std::pair<std::string, Expression>> columns =
      {};                           ///< Added to every table of trials.
  std::vector<Spec> analyses = {};  ///< In the order they are made in.
  std::vector<Spec> figures = {};
  std::vector<Spec> checks = {};

  [[nodiscard]] const Experiment& experiment(std::string_view name) const;
};

/// What of it belongs to a scale: other experiments are gone, also from what analyses, figures and
/// checks are made of, unless these would be made of nothing.
[[nodiscard]] Manifest at_scale(Manifest manifest, Scale scale);

inline constexpr std::string_view kManifestName = "replication.yaml";

/// Reads FOLDER/replication.yaml.
///
/// Errors   StudyFileError  with everything that is wrong, in file order; a file that is missing
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& folder);
/// The same from a text.
[[nodiscard]] Manifest parse_manifest(std::string text, const std::filesystem::path& folder);

}  // namespace wattune::replication
