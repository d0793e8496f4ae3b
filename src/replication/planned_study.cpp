#include "wattune/replication/planned_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace wattune::replication {
namespace {

using config::StudyFileError;
using config::YamlNode;

YamlNode scalar(std::string text, bool is_quoted = false) {
  YamlNode node;
  node.kind = YamlNode::Kind::Scalar;
  node.text = std::move(text);
  node.is_quoted = is_quoted;
  return node;
}

YamlNode map_of(std::vector<std::pair<YamlNode, YamlNode>> entries) {
  YamlNode node;
  node.kind = YamlNode::Kind::Map;
  node.entries = std::move(entries);
  return node;
}

/// The entries of the second over those of the first.
void put_over(YamlNode& base, const YamlNode& overrides, bool is_section) {
  for (const auto& [key, value] : overrides.entries) {
    const auto name = [&text = key.text](const auto& entry) { return entry.first.text == text; };
    const auto found = std::ranges::find_if(base.entries, name);
    if (value.kind == YamlNode::Kind::Null) {
      if (found != base.entries.end()) base.entries.erase(found);
    } else if (found == base.entries.end()) {
      base.entries.emplace_back(key, value);
    } else if (!is_section && found->second.is_map() && value.is_map()) {
      put_over(found->second, value, true);
    } else {
      found->second = value;
    }
  }
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter == '\n' ? std::string{"\\n"} : std::string(1, letter);
  }
  return result + "\"";
}

std::string scalar_text(const YamlNode& node) {
  return node.is_quoted ? quoted(node.text) : node.text;
}

void write(const YamlNode& node, const std::string& indent, std::string& text) {
  const auto write_value = [&](const YamlNode& value) {
    if (value.is_scalar()) {
      text += " " + scalar_text(value) + "\n";
    } else if (value.kind == YamlNode::Kind::Null) {
      text += "\n";
    } else if ((value.is_map() && value.entries.empty()) ||
               (value.is_list() && value.items.empty())) {
      text += value.is_map() ? " {}\n" : " []\n";
    } else {
      text += "\n";
      write(value, indent + "  ", text);
    }
  };
  for (const auto& [key, value] : node.entries) {
    text += indent + scalar_text(key) + ":";
    write_value(value);
  }
  for (const YamlNode& item : node.items) {
    text += indent + "-";
    write_value(item);
  }
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

YamlNode input_overrides(const std::map<std::string, std::string>& inputs) {
  YamlNode parameters = map_of({});
  for (const auto& [parameter, path] : inputs) {
    parameters.entries.emplace_back(
        scalar(parameter),
        map_of({{scalar("type"), scalar("constant")}, {scalar("value"), scalar(path, true)}}));
  }
  return map_of({{scalar("parameters"), std::move(parameters)}});
}

}  // namespace

YamlNode merged(YamlNode base, const YamlNode& overrides) {
  put_over(base, overrides, false);
  return base;
}

std::string to_yaml(const YamlNode& node) {
  std::string text;
  write(node, "", text);
  return text;
}

std::string words_of(const StudyFileError& error) {
  std::string words;
  for (const config::Diagnostic& diagnostic : error.diagnostics()) {
    if (diagnostic.severity != config::Severity::Error) continue;
    words += (words.empty() ? "" : "; ") + diagnostic.message;
  }
  return words;
}

PlannedStudy plan_study(const Manifest& manifest, const Experiment& experiment, Scale scale,
                        const std::map<std::string, std::string>& inputs) {
  const std::filesystem::path path = manifest.folder / experiment.study;
  [[maybe_unused]] const auto checked = config::read_study_file(path);  // its own faults come first
  YamlNode tree = config::parse_yaml(config::SourceText(path.string(), file_text(path)));
  for (const Overrides& overrides : experiment.overrides) {
    tree = merged(std::move(tree), overrides.always);
  }
  for (const Overrides& overrides : experiment.overrides) {
    tree = merged(std::move(tree), overrides.at.at(scale));
  }
  if (!inputs.empty()) tree = merged(std::move(tree), input_overrides(inputs));
  const std::string name = manifest.name + "-" + experiment.name;
  tree = merged(std::move(tree), map_of({{scalar("study"), scalar(name)}}));
  std::string text = to_yaml(tree);
  try {
    config::StudyFile file = config::parse_study(text, path);
    return {std::move(file), std::move(text)};
  } catch (const StudyFileError& error) {
    throw StudyFileError(
        manifest.source,
        {{config::Severity::Error, experiment.place,
          fmt::format("experiment `{}` at scale {} makes no valid study of {}: {}", experiment.name,
                      to_text(scale), experiment.study, words_of(error))}});
  }
}

}  // namespace wattune::replication
