#include "wattune/strategies/past_study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "wattune/strategies/portfolio.hpp"

namespace wattune::strategies {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kFewestTrials = 5;
constexpr std::size_t kMostTrials = 200;
constexpr std::size_t kAlwaysKept = 50;

using Changes = std::vector<std::pair<std::string, space::Choice>>;

bool is_constant(const space::Parameter& parameter) {
  return std::holds_alternative<space::ConstantDomain>(parameter.domain);
}

/// What is tuned, and the constants that conditions hang on.
space::Space bare_space(const space::Space& space) {
  std::set<std::string> parents;
  for (const space::Parameter& parameter : space.parameters()) {
    for (const space::Condition& condition : parameter.when) parents.insert(condition.parent);
  }
  std::vector<space::Parameter> kept;
  for (const space::Parameter& parameter : space.parameters()) {
    if (is_constant(parameter) && !parents.contains(parameter.name)) continue;
    kept.push_back(parameter);
    kept.back().default_value.reset();
    kept.back().role = space::Role::None;
  }
  return space::Space(std::move(kept));
}

/// The same values by the names of another space.
space::Configuration moved(const space::Space& from, const space::Configuration& configuration,
                           const space::Space& to) {
  std::vector<space::Value> values;
  for (const space::Parameter& parameter : to.parameters()) {
    values.push_back(configuration[*from.index_of(parameter.name)]);
  }
  return space::Configuration(std::move(values));
}

/// Lower is better, in this order: infeasible by how far, then the first loss.
struct Standing {
  TrialId trial;
  bool has_failed = false;
  double violation = 0.0;
  double loss = 0.0;

  [[nodiscard]] auto key() const { return std::tuple(has_failed, violation, loss); }
};

std::optional<Standing> standing_of(const trial::History& history, const trial::Trial& trial) {
  if (trial.purpose() != trial::Purpose::Search) return std::nullopt;
  Standing standing{.trial = trial.id()};
  standing.has_failed = trial.state() == trial::TrialState::Failed;
  if (standing.has_failed) return standing;
  const trial::Objective& quality = history.problem().objectives.front();
  const auto value = history.value(trial, quality.measure);
  if (!value) return std::nullopt;
  standing.loss = as_loss(quality, *value);
  standing.violation = history.violation(trial).value_or(std::numeric_limits<double>::infinity());
  return standing;
}

/// The best first; equal ones share a rank.
std::vector<std::pair<TrialId, double>> ranked(std::vector<Standing> standings) {
  std::ranges::stable_sort(standings, {}, &Standing::key);
  const double last = static_cast<double>(standings.size()) - 1.0;
  std::vector<std::pair<TrialId, double>> ranks;
  for (std::size_t begin = 0; begin < standings.size();) {
    std::size_t end = begin;
    while (end < standings.size() && standings[end].key() == standings[begin].key()) ++end;
    const double middle = 0.5 * static_cast<double>(begin + end - 1);
    for (std::size_t i = begin; i < end; ++i) {
      ranks.emplace_back(standings[i].trial, middle / last);
    }
    begin = end;
  }
  return ranks;
}

/// Which of the trials, the best first, are kept.
std::vector<std::size_t> thinned(std::size_t num_trials) {
  std::vector<std::size_t> kept;
  const std::size_t num_kept = std::min(num_trials, kMostTrials);
  for (std::size_t i = 0; i < num_kept; ++i) {
    const bool is_whole = num_trials <= kMostTrials || i < kAlwaysKept;
    // The others evenly, the worst among them.
    kept.push_back(is_whole ? i
                            : kAlwaysKept + (i - kAlwaysKept) * (num_trials - 1 - kAlwaysKept) /
                                                (kMostTrials - 1 - kAlwaysKept));
  }
  return kept;
}

bool is_log(const space::Domain& domain) {
  if (const auto* real = std::get_if<space::FloatDomain>(&domain)) return real->log;
  if (const auto* whole = std::get_if<space::IntDomain>(&domain)) return whole->log;
  return false;
}

/// Does a parameter mean the same in two studies?
bool are_alike(const space::Parameter& left, const space::Parameter& right) {
  if (left.name != right.name || left.domain.index() != right.domain.index()) return false;
  if (const auto* choices = std::get_if<space::ChoiceDomain>(&left.domain)) {
    const auto& others = std::get<space::ChoiceDomain>(right.domain);
    return choices->ordered == others.ordered &&
           std::ranges::any_of(choices->choices, [&](const space::Choice& choice) {
             return std::ranges::find(others.choices, choice) != others.choices.end();
           });
  }
  if (is_log(left.domain) != is_log(right.domain)) return false;
  const auto one = *space::number_range(left.domain);
  const auto other = *space::number_range(right.domain);
  return one.low <= other.high && other.low <= one.high;
}

std::vector<const space::Parameter*> tuned(const space::Space& space) {
  std::vector<const space::Parameter*> list;
  for (const space::Parameter& parameter : space.parameters()) {
    if (!is_constant(parameter)) list.push_back(&parameter);
  }
  return list;
}

std::optional<space::Choice> choice_of(const space::Parameter& parameter,
                                       const space::Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return space::Choice{*real};
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return space::Choice{*whole};
  if (const auto* choice = std::get_if<space::ChoiceIndex>(&value)) {
    const auto* domain = std::get_if<space::ChoiceDomain>(&parameter.domain);
    if (domain != nullptr) return domain->choices.at(choice->index);
  }
  return std::nullopt;
}

/// A past configuration in a new space; nothing where it has no place there.
std::optional<space::Configuration> carried_over(const space::Space& from,
                                                 const space::Configuration& configuration,
                                                 const space::Space& to) {
  Changes changes;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const space::Parameter& parameter = from.parameters()[i];
    const auto index = to.index_of(parameter.name);
    if (!index || is_constant(parameter) || is_constant(to.parameters()[*index])) continue;
    auto choice = choice_of(parameter, configuration[i]);
    if (!choice) continue;  // not active
    if (!to.to_value(*index, *choice)) return std::nullopt;
    changes.emplace_back(parameter.name, *std::move(choice));
  }
  const space::Configuration nothing(std::vector<space::Value>(to.size()));
  auto settled = to.with(nothing, changes);
  if (!settled || to.is_forbidden(*settled)) return std::nullopt;
  return *std::move(settled);
}

}  // namespace

std::optional<PastStudy> past_study_of(const trial::History& history) {
  const trial::Problem& problem = history.problem();
  std::vector<Standing> standings;
  std::size_t num_known = 0;
  for (const trial::Trial& trial : history.trials()) {
    const auto standing = standing_of(history, trial);
    if (!standing) continue;
    num_known += standing->has_failed ? 0 : 1;
    standings.push_back(*standing);
  }
  if (num_known < kFewestTrials) return std::nullopt;
  const trial::Objective& quality = problem.objectives.front();
  PastStudy study{bare_space(problem.space), to_text(quality.measure), quality.direction, {}};
  const auto ranks = ranked(std::move(standings));
  for (const std::size_t i : thinned(ranks.size())) {
    const auto& [id, rank] = ranks[i];
    study.trials.push_back(
        {moved(problem.space, history.trial(id).configuration(), study.space), rank});
  }
  return study;
}

nlohmann::ordered_json to_json(const PastStudy& study) {
  using nlohmann::ordered_json;
  ordered_json trials = ordered_json::array();
  for (const PastStudy::Ranked& each : study.trials) {
    trials.push_back({{"rank", each.rank},
                      {"configuration", ordered_json(study.space.to_json(each.configuration))}});
  }
  const bool is_maximised = study.direction == trial::Direction::Maximize;
  return {{"wattune_history", kVersion},
          {"objective", study.objective},
          {"direction", is_maximised ? "maximize" : "minimize"},
          {"space", ordered_json(space::to_json(study.space))},
          {"trials", trials}};
}

Result<PastStudy> past_study_from_json(const nlohmann::json& document) try {
  if (document.at("wattune_history").get<int>() != kVersion) {
    return fail(ErrorKind::Invalid, "is of another version");
  }
  auto space = space::space_from_json(document.at("space"));
  if (!space) return tl::unexpected(space.error());
  const std::string direction = document.at("direction").get<std::string>();
  PastStudy study{*std::move(space),
                  document.at("objective").get<std::string>(),
                  direction == "maximize" ? trial::Direction::Maximize : trial::Direction::Minimize,
                  {}};
  for (const nlohmann::json& each : document.at("trials")) {
    auto configuration = study.space.from_json(each.at("configuration"));
    if (!configuration) return tl::unexpected(configuration.error());
    study.trials.push_back({*std::move(configuration), each.at("rank").get<double>()});
  }
  return study;
} catch (const nlohmann::json::exception& error) {
  return fail(ErrorKind::Invalid, std::string("is no history of a study: ") + error.what());
}

bool fits(const PastStudy& study, const trial::Problem& problem) {
  const trial::Objective& quality = problem.objectives.front();
  if (to_text(quality.measure) != study.objective || quality.direction != study.direction) {
    return false;
  }
  const auto left = tuned(study.space);
  const auto right = tuned(problem.space);
  const auto num_shared =
      static_cast<std::size_t>(std::ranges::count_if(left, [&](const space::Parameter* one) {
        return std::ranges::any_of(
            right, [&](const space::Parameter* other) { return are_alike(*one, *other); });
      }));
  return num_shared == std::min(left.size(), right.size()) &&
         2 * num_shared >= std::max(left.size(), right.size());
}

std::vector<space::Configuration> learned_start(std::span<const PastStudy> studies,
                                                const trial::Problem& problem, std::size_t count) {
  PortfolioOptions options{.count = count};
  for (const space::Parameter& parameter : problem.space.parameters()) {
    const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain);
    options.is_unordered.push_back(choices != nullptr && !choices->ordered);
  }
  std::vector<RankedPoints> ranked;
  std::vector<space::Configuration> known;  // whose points are `ranked`'s, one after the other
  for (const PastStudy& study : studies) {
    if (!fits(study, problem)) continue;
    RankedPoints& points = ranked.emplace_back();
    for (const PastStudy::Ranked& each : study.trials) {
      auto configuration = carried_over(study.space, each.configuration, problem.space);
      if (!configuration) continue;
      points.points.push_back(problem.space.to_unit(*configuration));
      points.ranks.push_back(each.rank);
      known.push_back(*std::move(configuration));
    }
  }
  std::vector<space::Configuration> start;
  for (const std::vector<double>& point : greedy_portfolio(ranked, options)) {
    const auto same = std::ranges::find_if(known, [&](const space::Configuration& each) {
      return problem.space.to_unit(each) == point;
    });
    start.push_back(*same);
  }
  return start;
}

}  // namespace wattune::strategies
