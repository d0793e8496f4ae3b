#include "space_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "parameter_section.hpp"
#include "wattune/base/text.hpp"
#include "wattune/report/advice.hpp"

namespace wattune::config {
namespace {

using space::Choice;
using space::Comparison;
using space::Condition;

using Drafts = std::vector<ParameterDraft>;

struct ComparisonWord {
  std::string_view word;
  Comparison comparison;
};
// The longer word first: "<=" begins with "<".
constexpr std::array kComparisonWords{
    ComparisonWord{"<=", Comparison::LessEqual}, ComparisonWord{">=", Comparison::GreaterEqual},
    ComparisonWord{"<", Comparison::Less}, ComparisonWord{">", Comparison::Greater}};

std::vector<std::string> names_of(const Drafts& drafts) {
  std::vector<std::string> names;
  for (const ParameterDraft& draft : drafts) names.push_back(draft.parameter.name);
  return names;
}

/// The parameter that a key names; reports one that does not exist.
const ParameterDraft* find_draft(ReadContext& context, const MapEntry& entry,
                                 const Drafts& drafts) {
  const auto found = std::ranges::find_if(
      drafts, [&](const ParameterDraft& draft) { return draft.parameter.name == entry.name; });
  if (found != drafts.end()) return &*found;
  context.error(*entry.key, unknown_name("parameter", entry.name, names_of(drafts)));
  return nullptr;
}

void check_values(ReadContext& context, const YamlNode& node, const ParameterDraft& draft,
                  const std::vector<Choice>& choices) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (draft.can_be(choices[i])) continue;
    const YamlNode& at = node.is_list() && i < node.items.size() ? node.items[i] : node;
    context.error(at, fmt::format("`{}` is never `{}`; its values: {}", draft.parameter.name,
                                  space::to_text(choices[i]), allowed_text(draft.parameter)));
  }
}

/// ">= 2"; nothing where the text is not a comparison.
std::optional<Condition> read_comparison(ReadContext& context, const YamlNode& node,
                                         const ParameterDraft& parent) {
  if (!node.is_scalar() || !parent.is_numeric()) return std::nullopt;
  const auto word = std::ranges::find_if(
      kComparisonWords, [&](const ComparisonWord& w) { return node.text.starts_with(w.word); });
  if (word == kComparisonWords.end()) return std::nullopt;
  std::string_view rest = std::string_view{node.text}.substr(word->word.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  YamlNode number_node = node;
  number_node.text = rest;
  number_node.is_quoted = false;
  Condition condition{
      .parent = parent.parameter.name, .comparison = word->comparison, .values = {}};
  if (const auto number = read_number(context, number_node,
                                      fmt::format("{} {}", parent.parameter.name, word->word))) {
    condition.values.emplace_back(*number);
  }
  return condition;
}

void check_can_hold(ReadContext& context, const YamlNode& node, const ParameterDraft& parent,
                    const Condition& condition) {
  if (!parent.alone || condition.values.empty()) return;
  const double bound = std::get<double>(condition.values.front());
  const auto number = [&](double coordinate) {
    const space::Value value = parent.alone->decode(0, coordinate);
    return number_from_text(parent.alone->value_text(0, value)).value_or(bound);
  };
  double low = std::min(number(0.0), number(1.0));
  double high = std::max(number(0.0), number(1.0));
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&parent.parameter.domain)) {
    for (const Choice& choice : choices->choices) {
      const double value = number_from_text(space::to_text(choice)).value_or(bound);
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  const Comparison c = condition.comparison;
  const bool can_hold = c == Comparison::Less        ? low < bound
                        : c == Comparison::LessEqual ? low <= bound
                        : c == Comparison::Greater   ? high > bound
                                                     : high >= bound;
  if (can_hold) return;
  context.error(node, fmt::format("`{}` is never `{}`; its values: {}", parent.parameter.name,
                                  node.text, allowed_text(parent.parameter)));
}

std::optional<Condition> read_condition(ReadContext& context, const MapEntry& entry,
                                        const std::string& path, const Drafts& drafts) {
  const ParameterDraft* const parent = find_draft(context, entry, drafts);
  if (parent == nullptr) return std::nullopt;
  const YamlNode& node = *entry.value;
  if (auto comparison = read_comparison(context, node, *parent)) {
    check_can_hold(context, node, *parent, *comparison);
    return comparison;
  }
  Condition condition{.parent = entry.name, .comparison = Comparison::In, .values = {}};
  condition.values = read_choices(context, node, fmt::format("{}.{}", path, entry.name));
  check_values(context, node, *parent, condition.values);
  return condition;
}

void read_conditions(ReadContext& context, Drafts& drafts) {
  for (ParameterDraft& draft : drafts) {
    if (draft.when == nullptr) continue;
    const std::string path = fmt::format("parameters.{}.when", draft.parameter.name);
    const std::vector<MapEntry> entries = read_entries(context, *draft.when, path);
    if (draft.when->is_map() && draft.when->entries.empty()) {
      context.error(*draft.when, fmt::format("`{}` names no parameter", path));
    }
    for (const MapEntry& entry : entries) {
      auto condition = read_condition(context, entry, path, drafts);
      if (condition) draft.parameter.when.push_back(std::move(*condition));
    }
  }
}

/// "a -> b -> a", if the conditions of the parameter lead back to it.
std::optional<std::string> cycle_through(const ParameterDraft& start, const Drafts& drafts) {
  std::vector<std::string> trail;
  std::vector<std::string> seen;
  const auto visit = [&](const auto& self, const ParameterDraft& draft) -> bool {
    trail.push_back(draft.parameter.name);
    for (const Condition& condition : draft.parameter.when) {
      if (condition.parent == start.parameter.name) return true;
      if (std::ranges::count(seen, condition.parent) > 0) continue;
      seen.push_back(condition.parent);
      const auto parent = std::ranges::find_if(drafts, [&](const ParameterDraft& other) {
        return other.parameter.name == condition.parent;
      });
      if (parent != drafts.end() && self(self, *parent)) return true;
    }
    trail.pop_back();
    return false;
  };
  if (!visit(visit, start)) return std::nullopt;
  trail.push_back(start.parameter.name);
  return fmt::format("{}", fmt::join(trail, " -> "));
}

/// Reports every cycle once, at its first parameter.
void check_cycles(ReadContext& context, const Drafts& drafts) {
  std::vector<std::string> reported;
  for (const ParameterDraft& draft : drafts) {
    const std::optional<std::string> cycle = cycle_through(draft, drafts);
    if (!cycle || std::ranges::count(reported, draft.parameter.name) > 0) continue;
    context.error(*draft.when, fmt::format("conditions in a circle: {}", *cycle));
    for (const ParameterDraft& other : drafts) {
      const std::string framed = fmt::format(" {} ", *cycle);
      if (framed.find(fmt::format(" {} ", other.parameter.name)) != std::string::npos) {
        reported.push_back(other.parameter.name);
      }
    }
  }
}

void check_roles(ReadContext& context, const Drafts& drafts) {
  for (const space::Role role :
       {space::Role::BatchSize, space::Role::LearningRate, space::Role::GpuPowerLimit}) {
    const ParameterDraft* first = nullptr;
    for (const ParameterDraft& draft : drafts) {
      if (draft.parameter.role != role) continue;
      if (first != nullptr) {
        context.error(*draft.key,
                      fmt::format("`{}` has the same role as `{}`; a role is given once",
                                  draft.parameter.name, first->parameter.name));
      }
      first = &draft;
    }
  }
}

std::vector<space::Forbidden> read_forbidden(ReadContext& context, const YamlNode* node,
                                             const Drafts& drafts) {
  std::vector<space::Forbidden> forbidden;
  if (node == nullptr) return forbidden;
  for (const YamlNode& item : read_list(context, *node, "forbidden")) {
    space::Forbidden combination;
    if (item.is_map() && item.entries.empty()) {
      context.error(item, "a forbidden combination names no parameter");
    }
    const std::string path = fmt::format("forbidden[{}]", forbidden.size());
    for (const MapEntry& entry : read_entries(context, item, path)) {
      const ParameterDraft* const draft = find_draft(context, entry, drafts);
      if (draft == nullptr) continue;
      std::vector<Choice> values =
          read_choices(context, *entry.value, fmt::format("{}.{}", path, entry.name));
      check_values(context, *entry.value, *draft, values);
      combination.clauses.push_back({entry.name, std::move(values)});
    }
    forbidden.push_back(std::move(combination));
  }
  return forbidden;
}

/// What only the finished space can tell.
void check_whole(ReadContext& context, const MapReader& study, const space::Space& space) {
  const YamlNode* const forbidden = study.find("forbidden");
  if (forbidden == nullptr) return;
  Rng rng(0);
  if (!space.sample(rng)) {
    context.error(*forbidden, "nothing is left to try: every configuration drawn is forbidden");
    return;
  }
  const bool all_have_defaults =
      std::ranges::all_of(space.parameters(), [](const space::Parameter& parameter) {
        return parameter.default_value ||
               std::holds_alternative<space::ConstantDomain>(parameter.domain);
      });
  if (all_have_defaults && !space.default_configuration()) {
    context.warning(*forbidden,
                    "the configuration of all defaults is forbidden and will not be tried");
  }
}

void check_scales(ReadContext& context, const YamlNode& parameters, const space::Space& space) {
  for (const auto& [key, value] : parameters.entries) {
    const auto index = space.index_of(key.text);
    const auto advice = index ? report::log_scale_advice(space.parameters()[*index]) : std::nullopt;
    if (advice) context.warning(key, *advice);
  }
}

}  // namespace

std::optional<space::Space> read_space(ReadContext& context, MapReader& study) {
  const YamlNode* const node = study.require("parameters");
  if (node == nullptr) return std::nullopt;
  const std::size_t num_before = context.diagnostics.size();
  Drafts drafts;
  for (const MapEntry& entry : read_entries(context, *node, "parameters")) {
    drafts.push_back(read_parameter(context, entry));
  }
  if (node->is_map() && drafts.empty()) context.error(*node, "`parameters` names no parameter");
  read_conditions(context, drafts);
  check_cycles(context, drafts);
  check_roles(context, drafts);
  std::vector<space::Forbidden> forbidden =
      read_forbidden(context, study.find("forbidden"), drafts);
  if (context.diagnostics.size() != num_before) return std::nullopt;

  std::vector<space::Parameter> parameters;
  for (ParameterDraft& draft : drafts) parameters.push_back(std::move(draft.parameter));
  try {
    space::Space space(std::move(parameters), std::move(forbidden));
    check_whole(context, study, space);
    check_scales(context, *node, space);
    return space;
  } catch (const ConfigError& problem) {
    context.error(*node, problem.what());
    return std::nullopt;
  }
}

}  // namespace wattune::config
