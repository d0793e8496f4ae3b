#include "manifest_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "wattune/base/text.hpp"

namespace wattune::replication {
namespace {

using config::MapEntry;
using config::MapReader;
using config::ReadContext;
using config::unknown_name;
using config::YamlNode;

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

/// Reports a name that is none.
std::string read_own_name(ReadContext& context, const MapReader& map) {
  const YamlNode* const node = map.find("name");
  if (node == nullptr) return {};
  std::string name = read_text(context, *node, map.path_of("name")).value_or("");
  if (!name.empty() && !is_plain_name(name)) {
    context.error(*node, fmt::format("a name is made of letters, digits, `-` and `_`, not {}",
                                     describe(*node)));
  }
  return name;
}

/// Reports a name that another entry has.
void take_name(ReadContext& context, const YamlNode& node, const std::string& name,
               std::vector<std::string>& taken) {
  if (!name.empty() && std::ranges::count(taken, name) > 0) {
    context.error(node, fmt::format("the name `{}` is taken", name));
  }
  taken.push_back(name);
}

std::vector<Input> read_inputs(ReadContext& context, const YamlNode& node, const std::string& path,
                               const std::vector<std::string>& earlier) {
  static const std::vector<std::string> kKeys{"experiment", "file"};
  std::vector<Input> inputs;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    MapReader map(context, *entry.value, fmt::format("{}.{}", path, entry.name), kKeys);
    map.require("experiment");
    map.require("file");
    Input input{entry.name, map.text("experiment").value_or(""), map.text("file").value_or(""),
                context.source.place_at(entry.key->offset, entry.key->length)};
    const YamlNode* const from = map.find("experiment");
    if (from != nullptr && std::ranges::count(earlier, input.experiment) == 0) {
      context.error(*from, unknown_name("experiment above this one", input.experiment, earlier));
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<Scale> read_scales(ReadContext& context, const YamlNode* node,
                               const std::string& path) {
  if (node == nullptr) return {Scale::Small, Scale::Full};
  static const std::vector<std::string> kKnown{"small", "full"};
  std::vector<Scale> scales;
  for (const YamlNode& item : read_list(context, *node, path)) {
    const auto name = read_name(context, item, "scale", kKnown);
    if (name) scales.push_back(*scale_from_text(*name));
  }
  return scales;
}

YamlNode read_overrides(ReadContext& context, const YamlNode* node, const std::string& path) {
  if (node == nullptr || node->kind == YamlNode::Kind::Null) return {};
  read_entries(context, *node, path);
  return *node;
}

std::vector<std::string> experiment_keys(const char* other = nullptr) {
  std::vector<std::string> keys{"name",  "about", "study",  "set",
                                "small", "full",  "inputs", "scales"};
  if (other != nullptr) keys.emplace_back(other);
  return keys;
}

/// What an experiment says itself, or one of its variants does.
Experiment read_layer(ReadContext& context, const YamlNode& node, MapReader& map,
                      const std::vector<std::string>& earlier) {
  Experiment layer;
  layer.place = context.source.place_at(node.offset, node.length);
  layer.name = read_own_name(context, map);
  layer.about = map.text("about").value_or("");
  layer.study = map.text("study").value_or("");
  Overrides overrides;
  overrides.always = read_overrides(context, map.find("set"), map.path_of("set"));
  for (const Scale scale : {Scale::Small, Scale::Full}) {
    overrides.at[scale] =
        read_overrides(context, map.find(to_text(scale)), map.path_of(to_text(scale)));
  }
  layer.overrides.push_back(std::move(overrides));
  if (const YamlNode* const inputs = map.find("inputs")) {
    layer.inputs = read_inputs(context, *inputs, map.path_of("inputs"), earlier);
  }
  layer.scales = read_scales(context, map.find("scales"), map.path_of("scales"));
  return layer;
}

using Axis = std::vector<Experiment>;

std::vector<Axis> read_axes(ReadContext& context, const YamlNode& node, const std::string& path,
                            const std::vector<std::string>& earlier) {
  std::vector<Axis> axes;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    Axis& axis = axes.emplace_back();
    const std::string axis_path = fmt::format("{}.{}", path, entry.name);
    for (const YamlNode& item : read_list(context, *entry.value, axis_path)) {
      MapReader map(context, item, fmt::format("{}[{}]", axis_path, axis.size()),
                    experiment_keys());
      map.require("name");
      axis.push_back(read_layer(context, item, map, earlier));
    }
  }
  return axes;
}

std::string joined(const std::string& before, const char* between, const std::string& after) {
  return before.empty() || after.empty() ? before + after : before + between + after;
}

Experiment varied(Experiment experiment, const Experiment& variant) {
  if (!experiment.name.empty()) experiment.groups.push_back(experiment.name);
  experiment.name = joined(experiment.name, "-", variant.name);
  experiment.about = joined(experiment.about, "; ", variant.about);
  if (!variant.study.empty()) experiment.study = variant.study;
  experiment.overrides.insert(experiment.overrides.end(), variant.overrides.begin(),
                              variant.overrides.end());
  experiment.inputs.insert(experiment.inputs.end(), variant.inputs.begin(), variant.inputs.end());
  std::erase_if(experiment.scales,
                [&](Scale scale) { return std::ranges::count(variant.scales, scale) == 0; });
  return experiment;
}

/// An experiment for every choice of one variant on each axis, the last axis fastest.
std::vector<Experiment> combined(const Experiment& experiment, const std::vector<Axis>& axes) {
  std::vector<Experiment> all{experiment};
  for (const Axis& axis : axes) {
    std::vector<Experiment> longer;
    for (const Experiment& begun : all) {
      for (const Experiment& variant : axis) longer.push_back(varied(begun, variant));
    }
    all = std::move(longer);
  }
  return all;
}

/// A name in `of` is one experiment or a group, not both.
void refuse_ambiguous_groups(ReadContext& context, const std::vector<Experiment>& experiments) {
  for (const Experiment& experiment : experiments) {
    for (const std::string& group : experiment.groups) {
      const auto same = std::ranges::find(experiments, group, &Experiment::name);
      if (same == experiments.end()) continue;
      context.error(same->place, fmt::format("the name `{}` is that of a group", group));
      return;
    }
  }
}

const Kind* find_kind(std::span<const Kind> kinds, std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(std::span<const Kind> kinds) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) names.emplace_back(kind.name);
  return names;
}

/// Of a check the kind is the key that only it has.
const Kind* kind_of_check(ReadContext& context, const YamlNode& node, const std::string& path) {
  const Kind* found = nullptr;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    if (const Kind* const kind = find_kind(check_kinds(), entry.name)) found = kind;
  }
  if (found == nullptr && node.is_map()) {
    context.error(node, fmt::format("the check says nothing to check; give one of {}",
                                    join_names(names_of(check_kinds()), "or")));
  }
  return found;
}

const Kind* kind_of(ReadContext& context, const YamlNode& node, const std::string& path,
                    SpecSort sort) {
  if (sort == SpecSort::Check) return kind_of_check(context, node, path);
  const auto kinds = sort == SpecSort::Analysis ? analysis_kinds() : figure_kinds();
  const char* const word = sort == SpecSort::Analysis ? "kind of analysis" : "kind of figure";
  const YamlNode* named = nullptr;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    if (entry.name == "kind") named = entry.value;
  }
  if (named == nullptr) {
    if (node.is_map()) context.error(node, fmt::format("`{}` has no `kind`", path));
    return nullptr;
  }
  const auto name = read_name(context, *named, word, names_of(kinds));
  return name ? find_kind(kinds, *name) : nullptr;
}

std::optional<Option> read_option(ReadContext& context, const YamlNode& node,
                                  const std::string& path, OptionType type) {
  switch (type) {
    case OptionType::Text:
      if (auto text = read_text(context, node, path)) return Option{*std::move(text)};
      break;
    case OptionType::Number:
      if (auto number = read_number(context, node, path)) return Option{*number};
      break;
    case OptionType::Flag:
      if (auto flag = read_flag(context, node, path)) return Option{*flag};
      break;
    case OptionType::Texts:
      return Option{read_texts(context, node, path)};
    case OptionType::Expression:
      if (auto formula = read_expression(context, node, path)) return Option{*std::move(formula)};
      break;
    case OptionType::Expressions:
      return Option{read_expressions(context, node, path)};
  }
  return std::nullopt;
}

/// Keys that every entry of this sort has, and those of its kind.
std::vector<std::string> allowed_keys(const Kind& kind, SpecSort sort) {
  std::vector<std::string> keys;
  if (sort == SpecSort::Analysis) keys = {"name", "kind", "title"};
  if (sort == SpecSort::Figure) keys = {"kind", "title"};
  if (sort == SpecSort::Check) keys = {"claim"};
  if (kind.needs_rows) keys.insert(keys.end(), {"of", "where"});
  for (const KindKey& key : kind.keys) keys.emplace_back(key.key);
  return keys;
}

/// The tables that a name in `of` stands for.
std::vector<std::string> tables_named(ReadContext& context, const YamlNode& node,
                                      const std::string& name, const TableNames& tables) {
  if (const auto group = tables.groups.find(name); group != tables.groups.end()) {
    return group->second;
  }
  if (std::ranges::count(tables.names, name) == 0) {
    context.error(node, unknown_name("experiment or analysis above this one", name, tables.names));
  }
  return {name};
}

void read_rows(ReadContext& context, MapReader& map, const TableNames& tables, Spec& spec) {
  if (const YamlNode* const of = map.require("of")) {
    for (const std::string& name : read_texts(context, *of, map.path_of("of"))) {
      for (std::string& table : tables_named(context, *of, name, tables)) {
        spec.of.push_back(std::move(table));
      }
    }
  }
  if (const YamlNode* const where = map.find("where")) {
    spec.where = read_expression(context, *where, map.path_of("where"));
  }
}

std::optional<Spec> read_spec(ReadContext& context, const YamlNode& node, const std::string& path,
                              SpecSort sort, TableNames& tables) {
  const Kind* const kind = kind_of(context, node, path, sort);
  if (kind == nullptr) return std::nullopt;
  MapReader map(context, node, path, allowed_keys(*kind, sort));
  Spec spec;
  spec.kind = kind->name;
  spec.place = context.source.place_at(node.offset, node.length);
  const char* const title = sort == SpecSort::Check ? "claim" : "title";
  if (sort == SpecSort::Analysis) map.require("name");
  if (kind->needs_rows) read_rows(context, map, tables, spec);
  if (sort == SpecSort::Analysis) {
    spec.name = read_own_name(context, map);
    take_name(context, node, spec.name, tables.names);
    if (tables.groups.contains(spec.name)) {
      context.error(node, fmt::format("the name `{}` is that of a group", spec.name));
    }
  }
  if (sort != SpecSort::Analysis) map.require(title);
  spec.title = map.text(title).value_or(spec.name);
  for (const KindKey& key : kind->keys) {
    const YamlNode* const value = key.is_required ? map.require(key.key) : map.find(key.key);
    if (value == nullptr) continue;
    if (auto option = read_option(context, *value, map.path_of(key.key), key.type)) {
      spec.options.emplace(key.key, *std::move(option));
    }
  }
  return spec;
}

}  // namespace

std::optional<Expression> read_expression(ReadContext& context, const YamlNode& node,
                                          std::string_view path) {
  const auto text = read_text(context, node, path);
  if (!text) return std::nullopt;
  try {
    return Expression{*text};
  } catch (const ConfigError& error) {
    context.error(node, error.what());
    return std::nullopt;
  }
}

std::vector<std::pair<std::string, Expression>> read_expressions(ReadContext& context,
                                                                 const YamlNode& node,
                                                                 std::string_view path) {
  std::vector<std::pair<std::string, Expression>> formulas;
  for (const MapEntry& entry : read_entries(context, node, path)) {
    auto formula = read_expression(context, *entry.value, fmt::format("{}.{}", path, entry.name));
    if (formula) formulas.emplace_back(entry.name, *std::move(formula));
  }
  return formulas;
}

std::vector<std::string> read_texts(ReadContext& context, const YamlNode& node,
                                    std::string_view path) {
  std::vector<std::string> texts;
  if (node.is_scalar()) {
    if (auto text = read_text(context, node, path)) texts.push_back(*std::move(text));
    return texts;
  }
  for (const YamlNode& item : read_list(context, node, path)) {
    if (auto text = read_text(context, item, path)) texts.push_back(*std::move(text));
  }
  return texts;
}

std::vector<Experiment> read_experiments(ReadContext& context, const YamlNode& node) {
  std::vector<Experiment> experiments;
  std::vector<std::string> names{"experiments"};  // the table of all of them
  std::size_t number = 0;
  for (const YamlNode& item : read_list(context, node, "experiments")) {
    const std::string path = fmt::format("experiments[{}]", number++);
    MapReader map(context, item, path, experiment_keys("matrix"));
    const YamlNode* const matrix = map.find("matrix");
    if (matrix == nullptr) map.require("name");
    std::vector<Experiment> all{read_layer(context, item, map, names)};
    if (matrix != nullptr) {
      all = combined(all.front(), read_axes(context, *matrix, map.path_of("matrix"), names));
    }
    for (Experiment& experiment : all) {
      take_name(context, item, experiment.name, names);
      if (experiment.study.empty()) {
        context.error(item, fmt::format("experiment `{}` has no `study`", experiment.name));
      }
      experiments.push_back(std::move(experiment));
    }
  }
  refuse_ambiguous_groups(context, experiments);
  return experiments;
}

std::vector<Spec> read_specs(ReadContext& context, const YamlNode& node, SpecSort sort,
                             TableNames& tables) {
  const std::string_view section = sort == SpecSort::Analysis ? "analyses"
                                   : sort == SpecSort::Figure ? "figures"
                                                              : "checks";
  std::vector<Spec> specs;
  std::size_t number = 0;
  for (const YamlNode& item : read_list(context, node, section)) {
    const std::string path = fmt::format("{}[{}]", section, number++);
    if (auto spec = read_spec(context, item, path, sort, tables)) {
      specs.push_back(*std::move(spec));
    }
  }
  return specs;
}

}  // namespace wattune::replication
