#include "wattune/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "objectives_json.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/report/recommendation.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One line of a chart and one column of a table: a study, or the studies of one strategy.
struct Series {
  std::string label;
  std::vector<std::size_t> members;
};

/// All that is known of what is compared.
struct Comparison {
  std::span<const ComparedStudy> studies;
  const ComparisonOptions& options;
  std::vector<Series> series = {};
  std::vector<double> reference = {};  ///< Empty with one objective.
  std::vector<HypervolumeCurve> volumes = {};
  std::optional<double> best = {};

  [[nodiscard]] const trial::Objective& objective() const {
    return studies.front().record->history.problem().objectives.front();
  }
  [[nodiscard]] trial::Direction direction() const { return objective().direction; }
  [[nodiscard]] const std::vector<AnytimePoint>& points(std::size_t study) const {
    return studies[study].record->anytime.points();
  }
  [[nodiscard]] double total(std::size_t study) const {
    return studies[study].record->ledger.total().total().joules().value();
  }
  [[nodiscard]] double loss(double quality) const { return trial::as_loss(objective(), quality); }
};

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

/// The middle of the values, of which some may be infinite: not reached.
double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  if (values.size() % 2 == 1) return values[half];
  return values[half - 1] == values[half] ? values[half] : values[half - 1] / 2 + values[half] / 2;
}

/// What a series says: the value of its study, or the median and the range of its studies. Infinite
/// is worse than every number, and null outside.
Json cell(const Series& series, const std::vector<double>& losses, double sign) {
  std::vector<double> values;
  for (const std::size_t study : series.members) values.push_back(losses[study]);
  const auto [low, high] = std::ranges::minmax_element(values);
  Json out = {{"value", number(sign * median(values))}};
  if (series.members.size() > 1) {
    out["best"] = number(sign * *low);
    out["worst"] = number(sign * *high);
    out["num_known"] = std::ranges::count_if(values, [](double v) { return std::isfinite(v); });
  }
  return out;
}

std::optional<std::string> what_differs(const trial::Problem& left, trial::Problem right) {
  // Another seed is another draw of the same problem, another strategy what is to be compared.
  right.seed = left.seed;
  right.strategy = left.strategy;
  return trial::difference(left, right);
}

/// Things that make the joules of two studies less comparable than their numbers look.
std::vector<std::string> warnings(std::span<const ComparedStudy> studies) {
  const auto part = [](const ComparedStudy& study, const char* key) {
    const auto environment =
        nlohmann::json::parse(study.record->history.environment(), nullptr, false);
    return environment.is_object() && environment.contains(key) ? environment.at(key).dump() : "";
  };
  std::vector<std::string> found;
  const ComparedStudy& first = studies.front();
  for (const ComparedStudy& study : studies.subspan(1)) {
    const auto warn = [&](const std::string& what) {
      found.push_back(fmt::format("{} and {}: {}", first.label, study.label, what));
    };
    const trial::Problem& left = first.record->history.problem();
    const trial::Problem& right = study.record->history.problem();
    if (left.command != right.command) warn("the commands differ");
    if (part(first, "host") != part(study, "host")) {
      warn("they ran on different machines: joules of two machines are not the same thing");
    }
    if (first.record->ledger.total().provenance != study.record->ledger.total().provenance) {
      warn(fmt::format("the energy of one is {}, of the other {}",
                       to_text(first.record->ledger.total().provenance),
                       to_text(study.record->ledger.total().provenance)));
    }
  }
  for (const ComparedStudy& study : studies) {
    const auto& end = study.record->history.end();
    if (end && end->reason != trial::EndReason::Interrupted) continue;
    found.push_back(fmt::format("{} has not ended", study.label));
  }
  return found;
}

std::vector<Series> series_of(std::span<const ComparedStudy> studies, bool by_strategy) {
  std::vector<Series> series;
  for (std::size_t i = 0; i < studies.size(); ++i) {
    const std::string& strategy = studies[i].record->history.problem().strategy;
    const std::string& label = by_strategy ? strategy : studies[i].label;
    const auto found = std::ranges::find(series, label, &Series::label);
    if (found == series.end()) {
      series.push_back({label, {i}});
    } else {
      found->members.push_back(i);
    }
  }
  return series;
}

std::optional<double> best_of(const Comparison& all) {
  if (all.options.best_known) return all.options.best_known;
  std::optional<double> best;
  for (std::size_t i = 0; i < all.studies.size(); ++i) {
    if (all.points(i).empty()) continue;
    const double quality = all.points(i).back().quality;
    if (!best || all.loss(quality) < all.loss(*best)) best = quality;
  }
  return best;
}

/// Steps from what all knew at first to what all reached in the end, and the best of all.
std::vector<double> usual_qualities(const Comparison& all) {
  double first = -kInfinity;
  double common = -kInfinity;
  double best = kInfinity;
  for (std::size_t i = 0; i < all.studies.size(); ++i) {
    if (all.points(i).empty()) continue;
    first = std::max(first, all.loss(all.points(i).front().quality));
    common = std::max(common, all.loss(all.points(i).back().quality));
    best = std::min(best, all.loss(all.points(i).back().quality));
  }
  std::vector<double> losses;
  if (!std::isfinite(common)) return losses;
  for (const double part : {0.5, 0.75, 0.9}) losses.push_back(first + part * (common - first));
  losses.push_back(common);
  losses.push_back(best);
  const auto duplicates = std::ranges::unique(losses);
  losses.erase(duplicates.begin(), duplicates.end());
  const double sign = all.direction() == trial::Direction::Maximize ? -1.0 : 1.0;
  for (double& loss : losses) loss *= sign;
  return losses;
}

double shared_joules(const Comparison& all) {
  double least = kInfinity;
  for (std::size_t i = 0; i < all.studies.size(); ++i) least = std::min(least, all.total(i));
  return least;
}

/// Joules until a quality was reached, and how many times those of the first series.
Json to_quality_json(const Comparison& all) {
  const std::vector<double> qualities =
      all.options.qualities.empty() ? usual_qualities(all) : all.options.qualities;
  Json rows = Json::array();
  for (const double quality : qualities) {
    std::vector<double> joules;
    for (std::size_t i = 0; i < all.studies.size(); ++i) {
      joules.push_back(joules_to(all.points(i), all.direction(), quality).value_or(kInfinity));
    }
    Json row = {{"quality", quality}, {"joules", Json::array()}, {"ratios", Json::array()}};
    for (const Series& series : all.series) row["joules"].push_back(cell(series, joules, 1.0));
    const Json& first = row["joules"].front()["value"];
    for (const Json& entry : row["joules"]) {
      const bool is_known =
          !first.is_null() && !entry["value"].is_null() && first.get<double>() > 0.0;
      row["ratios"].push_back(is_known ? Json(entry["value"].get<double>() / first.get<double>())
                                       : Json(nullptr));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What was known at the same joules.
Json at_joules_json(const Comparison& all) {
  std::vector<double> levels = all.options.joules;
  if (levels.empty()) {
    for (const double part : {0.1, 0.25, 0.5, 0.75, 1.0}) {
      levels.push_back(part * shared_joules(all));
    }
  }
  const double sign = all.direction() == trial::Direction::Maximize ? -1.0 : 1.0;
  Json rows = Json::array();
  for (const double joules : levels) {
    std::vector<double> losses;
    std::vector<double> regrets;
    std::vector<double> volumes;
    for (std::size_t i = 0; i < all.studies.size(); ++i) {
      const auto quality = quality_at(all.points(i), joules);
      losses.push_back(quality ? all.loss(*quality) : kInfinity);
      regrets.push_back(all.best ? losses.back() - all.loss(*all.best) : kInfinity);
      if (!all.reference.empty()) volumes.push_back(-hypervolume_at(all.volumes[i], joules));
    }
    Json row = {{"joules", joules}, {"qualities", Json::array()}, {"regrets", Json::array()}};
    for (const Series& series : all.series) {
      row["qualities"].push_back(cell(series, losses, sign));
      row["regrets"].push_back(cell(series, regrets, 1.0));
      if (!volumes.empty()) row["hypervolumes"].push_back(cell(series, volumes, -1.0));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Mean best quality over the joules that all have drawn with a result.
Json area_json(const Comparison& all) {
  double from = 0.0;
  for (std::size_t i = 0; i < all.studies.size(); ++i) {
    if (all.points(i).empty()) return nullptr;
    from = std::max(from, all.points(i).front().joules);
  }
  const double to = shared_joules(all);
  std::vector<double> losses;
  for (std::size_t i = 0; i < all.studies.size(); ++i) {
    const auto mean = mean_quality(all.points(i), from, to);
    if (!mean) return nullptr;
    losses.push_back(all.loss(*mean));
  }
  const double sign = all.direction() == trial::Direction::Maximize ? -1.0 : 1.0;
  Json out = {{"from", from}, {"to", to}, {"mean_qualities", Json::array()}};
  for (const Series& series : all.series) {
    out["mean_qualities"].push_back(cell(series, losses, sign));
  }
  return out;
}

Json best_json(const Comparison& all, std::size_t study) {
  const trial::History& history = all.studies[study].record->history;
  for (const Recommendation& recommendation : recommend(history, 0.0)) {
    if (recommendation.kind != RecommendationKind::BestQuality) continue;
    const trial::Trial& trial = history.trial(recommendation.trial);
    Json metrics = Json::object();
    for (std::size_t id = 0; id < history.metric_names().size(); ++id) {
      const auto value = trial.last_metric(static_cast<trial::MetricId>(id));
      if (value) metrics[history.metric_names()[id]] = *value;
    }
    return {{"trial", trial.id().number()},
            {"step", trial.step()},
            {"complete", history.is_complete(trial)},
            {"configuration", Json(history.problem().space.to_json(trial.configuration()))},
            {"metrics", metrics},
            {"energy", to_json(trial.energy())}};
  }
  return nullptr;
}

Json curve_json(const std::vector<AnytimePoint>& points) {
  Json curve = Json::array();
  for (const AnytimePoint& point : points) {
    curve.push_back({{"energy", point.joules},
                     {"elapsed_s", point.elapsed_s},
                     {"quality", point.quality},
                     {"trial", point.trial.number()},
                     {"step", point.step}});
  }
  return curve;
}

Json volumes_json(const HypervolumeCurve& volumes) {
  Json curve = Json::array();
  for (const auto& [joules, volume] : volumes) {
    curve.push_back({{"energy", joules}, {"value", volume}});
  }
  return curve;
}

Json marks_json(const std::vector<AnytimeMark>& marks) {
  Json list = Json::array();
  for (const AnytimeMark& mark : marks) {
    list.push_back({{"energy", mark.joules}, {"name", mark.name}});
  }
  return list;
}

Json study_json(const Comparison& all, std::size_t index) {
  const StudyRecord& record = *all.studies[index].record;
  const trial::History& history = record.history;
  const trial::Problem& problem = history.problem();
  Json study = {{"label", all.studies[index].label},
                {"study", problem.name},
                {"seed", problem.seed},
                {"strategy", problem.strategy},
                {"state", history.end() ? to_text(history.end()->reason) : "running"},
                {"energy", to_json(record.ledger.total())},
                {"stages", stages_json(record.ledger)},
                {"elapsed_s", history.total_duration().value()},
                {"num_trials", history.trials().size()}};
  if (const Json best = best_json(all, index); !best.is_null()) study["best"] = best;
  study["curve"] = curve_json(all.points(index));
  if (all.best) {
    for (Json& point : study["curve"]) {
      point["regret"] = all.loss(point["quality"]) - all.loss(*all.best);
    }
  }
  if (!all.reference.empty()) study["hypervolume"] = volumes_json(all.volumes[index]);
  study["marks"] = marks_json(record.anytime.marks());
  return study;
}

/// The median and the range of a series wherever one of its curves has a step.
Json series_json(const Comparison& all, const Series& series) {
  const double sign = all.direction() == trial::Direction::Maximize ? -1.0 : 1.0;
  std::set<double> steps;
  double end = 0.0;
  Json labels = Json::array();
  for (const std::size_t study : series.members) {
    for (const AnytimePoint& point : all.points(study)) steps.insert(point.joules);
    end = std::max(end, all.total(study));
    labels.push_back(all.studies[study].label);
  }
  Json curve = Json::array();
  for (const double joules : steps) {
    std::vector<double> losses(all.studies.size(), kInfinity);
    for (const std::size_t study : series.members) {
      const auto quality = quality_at(all.points(study), joules);
      if (quality) losses[study] = all.loss(*quality);
    }
    Json point = cell(series, losses, sign);
    point["energy"] = joules;
    if (!point["value"].is_null()) curve.push_back(std::move(point));
  }
  return {{"label", series.label}, {"studies", labels}, {"end", end}, {"curve", curve}};
}

/// What a search saves against the first: only where the quality it ended with is the same.
Json saving_json(const Comparison& all, std::size_t study, const QualityTolerance& tolerance) {
  Json out = {{"study", all.studies[study].label}, {"against", all.studies.front().label}};
  const auto refuse = [&](const std::string& why) {
    out["comparable"] = false;
    out["why_not"] = why;
    return out;
  };
  for (const std::size_t i : {study, std::size_t{0}}) {
    if (all.points(i).empty()) return refuse(all.studies[i].label + " has no result");
    if (all.studies[i].record->ledger.total().is_missing()) {
      return refuse(fmt::format("not all energy of {} was metered", all.studies[i].label));
    }
  }
  const double ours = all.points(study).back().quality;
  const double theirs = all.points(0).back().quality;
  const double behind = all.loss(ours) - all.loss(theirs);
  const double allowed =
      tolerance.is_relative ? tolerance.amount * std::abs(theirs) : tolerance.amount;
  if (behind > allowed * (1.0 + 1e-9)) {
    return refuse(fmt::format("its {} of {:.4g} is {:.3g} behind {:.4g}, more than {}",
                              to_text(all.objective().measure), ours, behind, theirs,
                              tolerance.is_relative
                                  ? fmt::format("{:.3g} %", 100.0 * tolerance.amount)
                                  : number_text(tolerance.amount)));
  }
  if (!(all.total(0) > 0.0)) return refuse("no energy was drawn");
  out["comparable"] = true;
  out["percent"] = 100.0 * (1.0 - all.total(study) / all.total(0));
  return out;
}

Json savings_json(const Comparison& all) {
  const bool is_maximised = all.direction() == trial::Direction::Maximize;
  const QualityTolerance usual =
      is_maximised ? QualityTolerance{0.01, false} : QualityTolerance{0.02, true};
  const QualityTolerance tolerance = all.options.tolerance.value_or(usual);
  Json list = Json::array();
  for (std::size_t i = 1; i < all.studies.size(); ++i) {
    list.push_back(saving_json(all, i, tolerance));
  }
  return list;
}

void put_reference(Comparison& all) {
  if (all.studies.front().record->history.problem().objectives.size() < 2) return;
  std::vector<std::span<const AnytimeFrontPoint>> fronts;
  for (const ComparedStudy& study : all.studies) {
    fronts.emplace_back(study.record->anytime.front_points());
  }
  all.reference = all.options.reference.empty() ? reference_of(fronts) : all.options.reference;
  for (const auto& points : fronts) {
    all.volumes.push_back(hypervolume_curve(points, all.reference));
  }
}

std::optional<std::string> obstacle(std::span<const ComparedStudy> studies,
                                    const ComparisonOptions& options) {
  const trial::Problem& first = studies.front().record->history.problem();
  for (const ComparedStudy& study : studies.subspan(1)) {
    const auto differs = what_differs(first, study.record->history.problem());
    if (!differs) continue;
    return fmt::format("{} and {} are studies of different problems: {}", studies.front().label,
                       study.label, *differs);
  }
  const bool fits =
      options.reference.empty() || options.reference.size() == first.objectives.size();
  if (fits) return std::nullopt;
  return fmt::format("the reference point has {} numbers, and there are {} objectives",
                     options.reference.size(), first.objectives.size());
}

}  // namespace

Json stages_json(const Ledger& ledger) {
  Json stages = Json::object();
  double explored = 0.0;
  for (const Ledger::Entry& entry : ledger.entries()) {
    if (entry.energy.is_missing()) return nullptr;
    const bool is_rung = entry.name.starts_with("rung_");
    const std::string name = is_rung ? "exploration" : entry.name;
    const double joules = entry.energy.total().joules().value();
    stages[name] = stages.value(name, 0.0) + joules;
    if (is_rung || name == "probe" || name == "failed") explored += joules;
  }
  const double total = ledger.total().total().joules().value();
  stages["explored_share"] = total > 0.0 ? Json(explored / total) : Json(nullptr);
  return stages;
}

Json anytime_json(const StudyRecord& record) {
  const Anytime& anytime = record.anytime;
  Json out = {{"curve", curve_json(anytime.points())}, {"marks", marks_json(anytime.marks())}};
  out["end"] = record.ledger.total().total().joules().value();
  out["complete"] = !record.ledger.total().is_missing();
  if (anytime.front_points().empty()) return out;
  const std::span<const AnytimeFrontPoint> points = anytime.front_points();
  const std::vector<double> reference = reference_of({&points, 1});
  out["hypervolume"] = volumes_json(hypervolume_curve(points, reference));
  out["reference_point"] = reference;
  return out;
}

Result<Json> comparison_document(std::span<const ComparedStudy> studies,
                                 const ComparisonOptions& options) {
  WATTUNE_REQUIRE(!studies.empty());
  if (const auto why = obstacle(studies, options)) return fail(ErrorKind::Invalid, *why);
  Comparison all{studies, options};
  all.series = series_of(studies, options.by_strategy);
  all.best = best_of(all);
  put_reference(all);
  const trial::Problem& problem = studies.front().record->history.problem();
  Json document = {{"schema", 1},
                   {"kind", "comparison"},
                   {"wattune", version()},
                   {"objectives", objectives_json(problem)},
                   {"resource", to_text(problem.resource.unit)},
                   {"warnings", warnings(studies)}};
  document["best"] = {{"quality", number(all.best)}, {"given", options.best_known.has_value()}};
  document["reference_point"] = all.reference;
  document["studies"] = Json::array();
  for (std::size_t i = 0; i < studies.size(); ++i) {
    document["studies"].push_back(study_json(all, i));
  }
  document["grouped"] = options.by_strategy;
  document["series"] = Json::array();
  for (const Series& series : all.series) document["series"].push_back(series_json(all, series));
  document["to_quality"] = to_quality_json(all);
  document["at_joules"] = at_joules_json(all);
  document["area"] = area_json(all);
  document["savings"] = savings_json(all);
  if (studies.size() == 2 && all.total(0) > 0.0) {
    document["energy_ratio"] = all.total(1) / all.total(0);
  }
  return document;
}

}  // namespace wattune::report
