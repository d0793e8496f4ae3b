#include "wattune/replication/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "manifest_reader.hpp"
#include "wattune/base/require.hpp"

namespace wattune::replication {
namespace {

namespace fs = std::filesystem;
using config::MapReader;
using config::ReadContext;
using config::YamlNode;

Paper read_paper(ReadContext& context, const YamlNode& node) {
  static const std::vector<std::string> kKeys{"title", "authors", "venue", "link"};
  MapReader map(context, node, "paper", kKeys);
  map.require("title");
  return {map.text("title").value_or(""), map.text("authors").value_or(""),
          map.text("venue").value_or(""), map.text("link").value_or("")};
}

/// What can be named in `of`, apart from analyses.
TableNames tables_of(const Manifest& manifest) {
  TableNames tables{.names = {"experiments"}, .groups = {}};
  for (const Experiment& experiment : manifest.experiments) {
    for (const char* const table : {"", ".curves"}) {
      tables.names.push_back(experiment.name + table);
      for (const std::string& group : experiment.groups) {
        tables.groups[group + table].push_back(experiment.name + table);
      }
    }
  }
  for (const auto& [name, file] : manifest.tables) tables.names.push_back(name);
  return tables;
}

std::vector<std::pair<std::string, std::string>> read_tables(ReadContext& context,
                                                             const YamlNode& node,
                                                             const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> tables;
  for (const config::MapEntry& entry : read_entries(context, node, "tables")) {
    const auto file = read_text(context, *entry.value, "tables." + entry.name);
    std::error_code ignored;
    if (file && !fs::exists(folder / *file, ignored)) {
      context.error(*entry.value, fmt::format("there is no table {}", (folder / *file).string()));
    }
    tables.emplace_back(entry.name, file.value_or(""));
  }
  return tables;
}

void read_sections(ReadContext& context, MapReader& map, Manifest& manifest) {
  map.require("title");
  manifest.title = map.text("title").value_or("");
  manifest.about = map.text("about").value_or("");
  if (const YamlNode* const node = map.require("paper"))
    manifest.paper = read_paper(context, *node);
  if (const YamlNode* const node = map.require("experiments")) {
    manifest.experiments = read_experiments(context, *node);
  }
  if (const YamlNode* const node = map.find("columns")) {
    manifest.columns = read_expressions(context, *node, "columns");
  }
  if (const YamlNode* const node = map.find("tables")) {
    manifest.tables = read_tables(context, *node, manifest.folder);
  }
  TableNames tables = tables_of(manifest);
  const auto specs = [&](const char* key, SpecSort sort) {
    const YamlNode* const node = map.find(key);
    return node != nullptr ? read_specs(context, *node, sort, tables) : std::vector<Spec>{};
  };
  manifest.analyses = specs("analyses", SpecSort::Analysis);
  manifest.figures = specs("figures", SpecSort::Figure);
  manifest.checks = specs("checks", SpecSort::Check);
}

void check_files(ReadContext& context, const Manifest& manifest) {
  for (const Experiment& experiment : manifest.experiments) {
    std::error_code ignored;
    if (experiment.study.empty() || fs::exists(manifest.folder / experiment.study, ignored)) {
      continue;
    }
    context.error(experiment.place,
                  fmt::format("experiment `{}`: there is no study file {}", experiment.name,
                              (manifest.folder / experiment.study).string()));
  }
}

template <typename T>
const T* option_as(const Spec& spec, std::string_view key) {
  const auto found = spec.options.find(key);
  return found == spec.options.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

std::string_view to_text(Scale scale) {
  return scale == Scale::Small ? "small" : "full";
}

std::optional<Scale> scale_from_text(std::string_view text) {
  if (text == "small") return Scale::Small;
  if (text == "full") return Scale::Full;
  return std::nullopt;
}

std::string Spec::text(std::string_view key, std::string fallback) const {
  const auto* const found = option_as<std::string>(*this, key);
  return found != nullptr ? *found : std::move(fallback);
}

std::optional<double> Spec::number(std::string_view key) const {
  const auto* const found = option_as<double>(*this, key);
  return found != nullptr ? std::optional{*found} : std::nullopt;
}

bool Spec::flag(std::string_view key) const {
  const auto* const found = option_as<bool>(*this, key);
  return found != nullptr && *found;
}

std::vector<std::string> Spec::texts(std::string_view key) const {
  const auto* const found = option_as<std::vector<std::string>>(*this, key);
  return found != nullptr ? *found : std::vector<std::string>{};
}

const Expression& Spec::expression(std::string_view key) const {
  const auto* const found = option_as<Expression>(*this, key);
  WATTUNE_REQUIRE(found != nullptr);
  return *found;
}

const std::vector<std::pair<std::string, Expression>>& Spec::expressions(
    std::string_view key) const {
  const auto* const found = option_as<std::vector<std::pair<std::string, Expression>>>(*this, key);
  WATTUNE_REQUIRE(found != nullptr);
  return *found;
}

const Experiment& Manifest::experiment(std::string_view wanted) const {
  const auto found = std::ranges::find(experiments, wanted, &Experiment::name);
  WATTUNE_REQUIRE(found != experiments.end());
  return *found;
}

Manifest at_scale(Manifest manifest, Scale scale) {
  std::vector<std::string> gone;
  for (const Experiment& experiment : manifest.experiments) {
    if (std::ranges::count(experiment.scales, scale) > 0) continue;
    gone.insert(gone.end(), {experiment.name, experiment.name + ".curves"});
  }
  const auto is_gone = [&](const std::string& name) { return std::ranges::count(gone, name) > 0; };
  std::erase_if(manifest.experiments, [&](const Experiment& one) { return is_gone(one.name); });
  for (auto* const specs : {&manifest.analyses, &manifest.figures, &manifest.checks}) {
    for (Spec& spec : *specs) {
      if (!std::ranges::all_of(spec.of, is_gone)) std::erase_if(spec.of, is_gone);
    }
  }
  return manifest;
}

Manifest parse_manifest(std::string text, const fs::path& folder) {
  static const std::vector<std::string> kKeys{"title",       "about",   "paper",
                                              "experiments", "tables",  "columns",
                                              "analyses",    "figures", "checks"};
  const fs::path path = folder / kManifestName;
  Manifest manifest{.source = config::SourceText(path.string(), std::move(text)), .folder = folder};
  manifest.name = fs::absolute(folder).lexically_normal().filename().string();
  if (manifest.name.empty()) manifest.name = "study";
  const YamlNode root = config::parse_yaml(manifest.source);
  ReadContext context{.source = manifest.source, .diagnostics = {}, .marks = {}};
  context.document = "manifest";
  MapReader map(context, root, "", kKeys);
  if (root.is_map()) {
    read_sections(context, map, manifest);
    check_files(context, manifest);
  }
  if (context.has_errors()) {
    sort_by_place(context.diagnostics);
    throw config::StudyFileError(manifest.source, std::move(context.diagnostics));
  }
  return manifest;
}

Manifest read_manifest(const fs::path& folder) {
  const fs::path path = folder / kManifestName;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw config::StudyFileError(
        config::SourceText(path.string(), ""),
        {{config::Severity::Error, {}, "cannot be read; does the folder hold a study?"}});
  }
  return parse_manifest({std::istreambuf_iterator<char>{stream}, {}}, folder);
}

}  // namespace wattune::replication
