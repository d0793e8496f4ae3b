#include "importance_data.hpp"

#include <algorithm>
#include <optional>
#include <variant>

namespace wattune::report {
namespace {

/// Number of choices where they have no order.
std::size_t num_unordered(const space::Parameter& parameter) {
  const auto* domain = std::get_if<space::ChoiceDomain>(&parameter.domain);
  return domain != nullptr && !domain->ordered ? domain->choices.size() : 0;
}

bool is_constant(const space::Parameter& parameter) {
  return std::holds_alternative<space::ConstantDomain>(parameter.domain);
}

std::vector<std::size_t> rows_with(const std::vector<Observed>& observed, std::size_t parameter) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    if (observed[i].trial->configuration().is_active(parameter)) rows.push_back(i);
  }
  return rows;
}

bool varies(const std::vector<Observed>& observed, const std::vector<std::size_t>& rows,
            std::size_t parameter) {
  const auto value = [&](std::size_t row) -> const space::Value& {
    return observed[row].trial->configuration()[parameter];
  };
  return std::ranges::any_of(rows,
                             [&](std::size_t row) { return value(row) != value(rows.front()); });
}

}  // namespace

std::vector<ParameterGroup> parameter_groups(const trial::Problem& problem,
                                             const std::vector<Observed>& observed) {
  std::vector<std::vector<std::size_t>> rows_of;
  std::vector<ParameterGroup> groups;
  for (std::size_t p = 0; p < problem.space.size(); ++p) {
    rows_of.push_back(rows_with(observed, p));
    if (is_constant(problem.space.parameters()[p]) || rows_of[p].empty()) continue;
    if (!varies(observed, rows_of[p], p)) continue;
    auto group = std::ranges::find(groups, rows_of[p], &ParameterGroup::rows);
    if (group == groups.end()) group = groups.insert(groups.end(), {{}, {}, rows_of[p]});
    group->members.push_back(p);
  }
  for (ParameterGroup& group : groups) {
    for (std::size_t p = 0; p < problem.space.size(); ++p) {
      if (!std::ranges::includes(rows_of[p], group.rows)) continue;
      if (varies(observed, group.rows, p)) group.parameters.push_back(p);
    }
  }
  return groups;
}

std::vector<std::size_t> never_varied(const trial::Problem& problem,
                                      const std::vector<Observed>& observed) {
  std::vector<std::size_t> result;
  for (std::size_t p = 0; p < problem.space.size(); ++p) {
    if (is_constant(problem.space.parameters()[p])) continue;
    const auto rows = rows_with(observed, p);
    if (!rows.empty() && !varies(observed, rows, p)) result.push_back(p);
  }
  return result;
}

math::RegressionData regression_data(const trial::Problem& problem,
                                     const std::vector<Observed>& observed,
                                     const ParameterGroup& group) {
  math::RegressionData data;
  for (const std::size_t p : group.parameters) {
    data.features.push_back({num_unordered(problem.space.parameters()[p])});
  }
  for (const std::size_t row : group.rows) {
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const std::size_t p = group.parameters[i];
      const space::Value& value = observed[row].trial->configuration()[p];
      data.inputs.push_back(data.features[i].num_choices > 0
                                ? static_cast<double>(std::get<space::ChoiceIndex>(value).index)
                                : problem.space.encode(p, value));
    }
    data.targets.push_back(observed[row].value);
  }
  return data;
}

}  // namespace wattune::report
