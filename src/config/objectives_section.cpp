#include "objectives_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "wattune/base/text.hpp"
#include "wattune/config/known_names.hpp"

namespace wattune::config {
namespace {

using trial::Measure;
using trial::MeasureKind;

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

const std::array<std::string, 4>& known_phases() {
  static const std::array<std::string, 4> names{"inference", "probe", "train", "validate"};
  return names;
}

std::string or_did_you_mean(const std::optional<std::string>& name) {
  return name ? fmt::format("; did you mean `{}`?", *name) : "";
}

void check_phase(ReadContext& context, const YamlNode& node, const Measure& measure,
                 const Measurable& measurable) {
  if (!is_word(measure.name)) {
    context.error(node, fmt::format("`{}` is no name of a phase; it is made of letters, digits "
                                    "and `_`",
                                    measure.name));
    return;
  }
  if (measurable.has_capture) {
    context.error(node, fmt::format("nothing can measure `{}`: with `capture` the program says "
                                    "nothing about phases",
                                    to_text(measure)));
    return;
  }
  const bool is_known = std::ranges::count(known_phases(), measure.name) > 0;
  const auto nearest = nearest_name(measure.name, known_phases());
  if (!is_known && nearest) {
    context.warning(node, fmt::format("phase `{}` is none that Wattune knows; did you mean `{}`?",
                                      measure.name, *nearest));
  }
}

/// A metric's name that looks like a measure written wrong.
bool refuse_broken_measure(ReadContext& context, const YamlNode& node, const std::string& name) {
  const std::string word = name.substr(0, name.find('.'));
  const bool has_dot = word.size() < name.size();
  if (word == "samples_per_joule" || word == "joules_per_sample") {
    context.error(node, fmt::format("`{}` needs a phase, as in `{}.inference`", name, word));
    return true;
  }
  if (has_dot && (word == "energy" || word == "duration" || word == "carbon" || word == "cost")) {
    context.error(node,
                  word == "energy"
                      ? fmt::format("`{}` names no phase; write `energy` or, for one phase, "
                                    "`energy.train`",
                                    name)
                      : fmt::format("`{}` is told of whole trials only; write `{}`", name, word));
    return true;
  }
  return false;
}

void check_metric(ReadContext& context, const YamlNode& node, const std::string& name,
                  const Measurable& measurable) {
  if (refuse_broken_measure(context, node, name)) return;
  std::vector<std::string> allowed = measurable.metrics;
  std::ranges::copy_if(known_measures(), std::back_inserter(allowed), [&](const auto& measure) {
    return !measurable.has_capture || measure.find('.') == std::string::npos;
  });
  const auto nearest = nearest_name(name, allowed);
  if (measurable.metrics.empty()) {
    if (nearest) {
      context.warning(node, fmt::format("`{}` is taken for a metric that the program reports{}",
                                        name, or_did_you_mean(nearest)));
    }
    return;
  }
  if (std::ranges::count(measurable.metrics, name) > 0) return;
  context.error(node, fmt::format("nothing can measure `{}`: {}; allowed: {}{}", name,
                                  measurable.has_capture ? "`capture` has no pattern of that name"
                                                         : "`metrics` does not list it",
                                  join_names(allowed), or_did_you_mean(nearest)));
}

/// The measure that a node names, or nothing and a report.
std::optional<Measure> read_measure(ReadContext& context, const YamlNode& node,
                                    std::string_view path, const Measurable& measurable) {
  const std::optional<std::string> text = read_text(context, node, path);
  if (!text) return std::nullopt;
  Measure measure = trial::measure_from_text(*text);
  if (measure.kind == MeasureKind::Metric) {
    check_metric(context, node, measure.name, measurable);
  } else if (!measure.name.empty()) {
    check_phase(context, node, measure, measurable);
  } else if (measure.kind == MeasureKind::Carbon && !measurable.has_intensity) {
    context.error(node,
                  "nothing can measure `carbon` without `energy.zone` or "
                  "`energy.intensity`");
  } else if (measure.kind == MeasureKind::Cost && !measurable.has_price) {
    context.error(node, "nothing can measure `cost` without `energy.price`");
  }
  return measure;
}

std::optional<trial::Objective> read_objective(ReadContext& context, const YamlNode& node,
                                               const std::string& path,
                                               const Measurable& measurable) {
  if (!node.is_map()) {
    context.error(node, fmt::format("an objective is written {{maximize: MEASURE}} or "
                                    "{{minimize: MEASURE}}; not {}",
                                    describe(node)));
    return std::nullopt;
  }
  MapReader map(context, node, path, "objective");
  if (map.has_unknown_keys()) return std::nullopt;
  const YamlNode* const maximized = map.find("maximize");
  const YamlNode* const minimized = map.find("minimize");
  if ((maximized == nullptr) == (minimized == nullptr)) {
    context.error(node, maximized ? "an objective has one direction: `maximize` or `minimize`"
                                  : "an objective needs `maximize` or `minimize`");
    return std::nullopt;
  }
  const YamlNode& name = maximized ? *maximized : *minimized;
  const auto measure =
      read_measure(context, name, map.path_of(maximized ? "maximize" : "minimize"), measurable);
  if (!measure) return std::nullopt;
  const bool is_spent =
      measure->kind != MeasureKind::Metric && measure->kind != MeasureKind::SamplesPerJoule;
  const bool is_odd = maximized ? is_spent : measure->kind == MeasureKind::SamplesPerJoule;
  if (is_odd) {
    context.warning(name, fmt::format("`{}` is {}; did you mean `{}`?", to_text(*measure),
                                      maximized ? "maximized" : "minimized",
                                      maximized ? "minimize" : "maximize"));
  }
  return trial::Objective{*measure,
                          maximized ? trial::Direction::Maximize : trial::Direction::Minimize};
}

/// A bound in the unit of its measure.
std::optional<double> read_bound(ReadContext& context, const YamlNode* node, std::string_view path,
                                 const Measure& measure) {
  if (node == nullptr) return std::nullopt;
  switch (measure.kind) {
    case MeasureKind::Energy:
      return read_quantity(context, *node, path, Dimension::Energy);
    case MeasureKind::Duration:
      return read_quantity(context, *node, path, Dimension::Duration);
    case MeasureKind::Carbon:
      return read_quantity(context, *node, path, Dimension::Mass);
    default:
      return read_number(context, *node, path);
  }
}

std::optional<trial::Constraint> read_constraint(ReadContext& context, const YamlNode& node,
                                                 const std::string& path,
                                                 const Measurable& measurable) {
  if (!node.is_map()) {
    context.error(node, fmt::format("a constraint is written {{metric: MEASURE, min: NUMBER}}; "
                                    "not {}",
                                    describe(node)));
    return std::nullopt;
  }
  MapReader map(context, node, path, "constraint");
  const YamlNode* const name = map.require("metric");
  const YamlNode* const min = map.find("min");
  const YamlNode* const max = map.find("max");
  if (min == nullptr && max == nullptr) {
    context.error(node, "a constraint needs `min`, `max` or both");
  }
  const auto measure =
      name ? read_measure(context, *name, map.path_of("metric"), measurable) : std::nullopt;
  if (!measure) return std::nullopt;
  trial::Constraint constraint{*measure, read_bound(context, min, map.path_of("min"), *measure),
                               read_bound(context, max, map.path_of("max"), *measure)};
  if (constraint.min && constraint.max && *constraint.min > *constraint.max) {
    context.error(*min, fmt::format("`{}` {} is above `max` {}: nothing can be in between",
                                    map.path_of("min"), describe(*min), describe(*max)));
  }
  return constraint;
}

}  // namespace

std::vector<trial::Objective> read_objectives(ReadContext& context, MapReader& study,
                                              const Measurable& measurable) {
  std::vector<trial::Objective> objectives;
  const YamlNode* const node = study.require("objectives");
  if (node == nullptr) return objectives;
  for (const YamlNode& item : read_list(context, *node, "objectives")) {
    const std::string path = fmt::format("objectives[{}]", objectives.size());
    const auto objective = read_objective(context, item, path, measurable);
    if (!objective) continue;
    if (std::ranges::count(objectives, objective->measure, &trial::Objective::measure) > 0) {
      context.error(item, fmt::format("duplicate objective `{}`", to_text(objective->measure)));
    }
    objectives.push_back(*objective);
  }
  return objectives;
}

std::vector<trial::Constraint> read_constraints(ReadContext& context, MapReader& study,
                                                const Measurable& measurable) {
  std::vector<trial::Constraint> constraints;
  const YamlNode* const node = study.find("constraints");
  if (node == nullptr) return constraints;
  for (const YamlNode& item : read_list(context, *node, "constraints")) {
    const std::string path = fmt::format("constraints[{}]", constraints.size());
    if (const auto constraint = read_constraint(context, item, path, measurable)) {
      constraints.push_back(*constraint);
    }
  }
  return constraints;
}

}  // namespace wattune::config
