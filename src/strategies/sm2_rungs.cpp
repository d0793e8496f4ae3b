#include "sm2_rungs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sm2_roles.hpp"
#include "wattune/base/text.hpp"
#include "wattune/strategies/sm2_projection.hpp"

namespace wattune::strategies {
namespace {

/// The next whole number, not moved by the last bits of a product.
double round_up(double value) {
  return std::max(1.0, std::ceil(value - 1e-9 * std::abs(value)));
}

/// Units of work per second of the slowest batch size in use, where the probe knows it.
std::optional<double> slowest(const std::vector<ProbedSize>& probed,
                              std::span<const std::int64_t> window,
                              std::optional<double> default_batch_size) {
  std::optional<double> least;
  for (const ProbedSize& size : probed) {
    const bool is_used = std::ranges::find(window, size.batch_size) != window.end() ||
                         static_cast<double>(size.batch_size) == default_batch_size;
    if (!is_used || !size.is_usable() || !size.units_per_second) continue;
    least = std::min(least.value_or(*size.units_per_second), *size.units_per_second);
  }
  return least;
}

/// Halvings until one is left.
std::size_t num_cuts(std::size_t num_candidates, std::size_t eta) {
  std::size_t cuts = 0;
  for (std::size_t n = num_candidates; n > 1; n = (n + eta - 1) / eta) ++cuts;
  return cuts;
}

/// Joules of a training from its start to its first report with this loss, or as a curve through
/// its reports up to `step` goes on; infinite where it does not get there, nothing where that
/// cannot be told.
std::optional<double> projected_joules(const trial::History& history, const trial::Trial& trial,
                                       double step, double target_loss) {
  const trial::Objective& quality = history.problem().objectives.front();
  std::vector<CurvePoint> points;
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < trial.reports().size(); ++i) {
    const trial::Report& report = trial.reports()[i];
    const auto value = history.value_at(trial, quality.measure, report.step);
    if (report.provenance == Provenance::Missing) return std::nullopt;
    if (value) {
      points.push_back({report.step, trial::as_loss(quality, *value)});
      if (points.back().loss <= target_loss) return report.energy.joules().value();
    }
    last = i;
    if (report.step >= step) break;
  }
  const auto law = fit_power_law(points);
  if (!law || !last) return std::nullopt;
  const trial::Report& end = trial.reports()[*last];
  const auto resource = law->resource_at(target_loss);
  if (!resource || *resource > history.problem().resource.max) {
    return std::numeric_limits<double>::infinity();
  }
  const double joules = end.energy.joules().value();
  return joules * std::max(*resource, end.step) / end.step;
}

}  // namespace

Ladder make_ladder(const trial::Problem& problem, const std::vector<ProbedSize>& probed,
                   std::span<const std::int64_t> window, std::size_t num_candidates,
                   const Sm2Options& options) {
  const trial::Resource& resource = problem.resource;
  Ladder ladder;
  ladder.max = resource.max;
  ladder.unit = resource.unit;
  ladder.num_candidates = num_candidates;
  ladder.eta = options.eta;
  ladder.equal_in = options.rung_unit;
  for (const ProbedSize& size : probed) {
    if (size.is_usable() && size.joules_per_unit.value_or(0.0) > 0.0) {
      ladder.joules_per_unit[size.batch_size] = *size.joules_per_unit;
    }
  }
  if (const auto base = base_configuration(problem)) {
    ladder.reference_batch_size = batch_size_in(problem.space, *base);
  }
  const double work_of_unit = work_at(resource.unit, 1.0, ladder.reference_batch_size);

  ladder.first = resource.min;
  ladder.why = "the resource's min";
  const bool counts_epochs = resource.unit == trial::ResourceUnit::Epochs;
  if (counts_epochs || options.samples_per_epoch) {
    const double epoch = counts_epochs ? 1.0 : *options.samples_per_epoch / work_of_unit;
    if (options.first_rung_fraction * epoch > ladder.first) {
      ladder.first = options.first_rung_fraction * epoch;
      ladder.why = fmt::format("{:.3g} % of an epoch", 100.0 * options.first_rung_fraction);
    }
  }
  if (const auto rate = slowest(probed, window, ladder.reference_batch_size)) {
    const double room =
        resource.max / std::pow(static_cast<double>(options.eta),
                                static_cast<double>(num_cuts(num_candidates, options.eta)));
    const double enough = *rate * options.min_rung_duration.value() / work_of_unit;
    if (std::min(enough, room) > ladder.first) {
      ladder.first = std::min(enough, room);
      ladder.why = enough <= room ? fmt::format("{} on the slowest candidate",
                                                duration_text(options.min_rung_duration))
                                  : fmt::format("as near to {} as leaves room for every cut",
                                                duration_text(options.min_rung_duration));
    }
  }
  ladder.first = std::min(round_up(ladder.first), ladder.max);
  return ladder;
}

double ladder_target(const Ladder& ladder, std::optional<double> batch_size, std::size_t rung) {
  if (ladder.num_candidates <= 1) return ladder.max;
  const bool is_scaled =
      ladder.unit == trial::ResourceUnit::Steps && batch_size && ladder.reference_batch_size;
  double target =
      is_scaled ? ladder.first * *ladder.reference_batch_size / *batch_size : ladder.first;
  for (std::size_t k = 0; k < rung && target < ladder.max; ++k) {
    target *= static_cast<double>(ladder.eta);
  }
  return std::min(round_up(target), ladder.max);
}

std::vector<double> training_losses(const trial::History& history, const trial::Trial& trial,
                                    double step, const std::string& metric) {
  std::vector<double> losses;
  const auto id = history.metric_id(metric);
  if (!id) return losses;
  for (std::size_t i = 0; i < trial.reports().size(); ++i) {
    if (const auto loss = trial.metric(i, *id)) losses.push_back(*loss);
    if (trial.reports()[i].step >= step) break;
  }
  return losses;
}

double first_target(const Ladder& ladder, std::optional<double> batch_size) {
  const double target = ladder_target(ladder, batch_size, 0);
  if (ladder.equal_in == RungUnit::Samples || !batch_size || target >= ladder.max) return target;
  const auto own = ladder.joules_per_unit.find(static_cast<std::int64_t>(*batch_size));
  if (own == ladder.joules_per_unit.end()) return target;
  double mean = 0.0;
  for (const auto& [size, joules] : ladder.joules_per_unit) {
    mean += joules / static_cast<double>(ladder.joules_per_unit.size());
  }
  return std::min(round_up(target * mean / own->second), ladder.max);
}

std::size_t rung_here(const trial::Trial& trial, const std::optional<Carried>& carried) {
  const std::size_t rung = trial.rung();
  if (!carried || carried->trial != trial.id()) return rung;
  return rung - std::min(rung, carried->first_rung);
}

bool RungJudge::is_out(const trial::Trial& trial, std::size_t rung) const {
  const bool has_ended =
      trial.state() == trial::TrialState::Failed || trial.state() == trial::TrialState::Stopped;
  return has_ended && rung_here(trial, carried_) <= rung;
}

double RungJudge::target(const trial::Trial& trial, std::size_t rung) const {
  const auto batch_size = batch_size_in(history_.problem().space, trial.configuration());
  if (rung == 0) return first_target(ladder_, batch_size);
  const double in_samples = ladder_target(ladder_, batch_size, rung);
  if (ladder_.equal_in == RungUnit::Samples || !mean_cost_) return in_samples;
  const double before = target(trial, rung - 1);
  const double end = std::min(before, trial.step());
  const auto report = trial.first_report_at(end);
  if (!report || trial.reports()[*report].provenance == Provenance::Missing) return in_samples;
  const double joules_per_step =
      trial.reports()[*report].energy.joules().value() / trial.reports()[*report].step;
  if (!(joules_per_step > 0.0)) return in_samples;
  double joules = work_at(ladder_.unit, ladder_.first, ladder_.reference_batch_size) * *mean_cost_;
  for (std::size_t k = 0; k < rung; ++k) joules *= static_cast<double>(ladder_.eta);
  return std::min(std::max(round_up(joules / joules_per_step), before + 1.0), ladder_.max);
}

std::optional<RungJudge::Share> RungJudge::share_of(const trial::Trial& trial, double end,
                                                    std::size_t rung) const {
  if (trial.reports().empty()) return std::nullopt;
  const auto last_index = trial.first_report_at(end);
  const trial::Report& last = last_index ? trial.reports()[*last_index] : trial.reports().back();
  if (last.provenance == Provenance::Missing) return std::nullopt;
  trial::Report first;
  if (options_.energy_mode == EnergyMode::Rung && rung > 0) {
    const auto index = trial.first_report_at(target(trial, rung - 1));
    // A report beyond this rung already at the rung before: its share is that of the whole.
    if (index && trial.reports()[*index].step < last.step) first = trial.reports()[*index];
  }
  const auto batch_size = batch_size_in(history_.problem().space, trial.configuration());
  const double work = work_at(ladder_.unit, last.step - first.step, batch_size);
  if (work <= 0.0) return std::nullopt;
  return Share{(last.energy - first.energy).joules().value(), work};
}

std::optional<double> RungJudge::mean_cost_of(
    std::span<const schedulers::Contestant> members) const {
  double sum = 0.0;
  double num_known = 0.0;
  for (const schedulers::Contestant& member : members) {
    const trial::Trial& trial = history_.trial(member.trial);
    if (is_out(trial, 0)) continue;
    const auto share = share_of(trial, member.target, 0);
    if (!share) continue;
    sum += share->joules / share->work;
    num_known += 1.0;
  }
  if (num_known == 0.0) return std::nullopt;
  return sum / num_known;
}

Sm2Entry RungJudge::entry(const schedulers::Contestant& member, std::size_t rung) const {
  const trial::Trial& trial = history_.trial(member.trial);
  Sm2Entry entry;
  entry.standing = schedulers::standing_of(history_, member);
  if (const auto share = share_of(trial, member.target, rung)) {
    entry.cost = share->joules / share->work;
  }
  entry.stability =
      stability_of(training_losses(history_, trial, member.target, options_.training_loss));
  return entry;
}

/// Who does not get to the target costs as much as the dearest, at least a full training.
void RungJudge::project_costs(std::vector<Sm2Entry>& entries,
                              std::span<const schedulers::Contestant> members) const {
  std::optional<double> target;
  if (options_.target_quality) {
    target = trial::as_loss(history_.problem().objectives.front(), *options_.target_quality);
  }
  for (const Sm2Entry& entry : entries) {
    if (options_.target_quality || entry.standing.losses.empty()) continue;
    const double loss = entry.standing.losses.front();
    target = std::min(target.value_or(loss), loss);
  }
  double dearest = 0.0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const trial::Trial& trial = history_.trial(members[i].trial);
    entries[i].cost.reset();
    if (!target) continue;
    entries[i].cost = projected_joules(history_, trial, members[i].target, *target);
    if (!entries[i].cost) continue;
    dearest = std::max(
        dearest, std::isfinite(*entries[i].cost)
                     ? *entries[i].cost
                     : trial.reports().back().energy.joules().value() / trial.step() * ladder_.max);
  }
  for (Sm2Entry& entry : entries) {
    if (entry.cost && !std::isfinite(*entry.cost)) entry.cost = dearest;
  }
}

/// By quality alone, as many as took their share of the rung's energy.
RungVerdict RungJudge::judge_by_cost(const std::vector<Sm2Entry>& entries,
                                     std::span<const schedulers::Contestant> members,
                                     std::size_t rung, std::size_t usual) const {
  std::map<TrialId, std::optional<double>> cost_of;
  std::vector<schedulers::Standing> standings;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const trial::Trial& trial = history_.trial(members[i].trial);
    auto& cost = cost_of[members[i].trial];
    cost = entries[i].cost;
    if (options_.energy_mode != EnergyMode::Projected) {
      const auto share = share_of(trial, members[i].target, rung);
      cost = share ? std::optional{share->joules} : std::nullopt;
    }
    standings.push_back(entries[i].standing);
  }
  RungVerdict verdict;
  verdict.ranked = schedulers::rank(std::move(standings), schedulers::RankBy::FirstObjective);
  std::vector<std::optional<double>> costs;
  for (const TrialId id : verdict.ranked) costs.push_back(cost_of.at(id));
  verdict.num_kept =
      num_within_share(costs, 1.0 / static_cast<double>(ladder_.eta)).value_or(usual);
  return verdict;
}

RungVerdict RungJudge::judge(std::span<const schedulers::Contestant> members, std::size_t rung,
                             std::optional<std::size_t> num_kept) const {
  const std::size_t usual = num_kept.value_or((members.size() + ladder_.eta - 1) / ladder_.eta);
  std::vector<schedulers::Contestant> rivals;
  std::vector<Sm2Entry> entries;
  for (const schedulers::Contestant& member : members) {
    if (is_out(history_.trial(member.trial), rung)) continue;
    rivals.push_back(member);
    entries.push_back(entry(member, rung));
  }
  if (options_.energy_mode == EnergyMode::Projected) project_costs(entries, rivals);
  switch (options_.rule) {
    case HalvingRule::CostAware:
      return judge_by_cost(entries, rivals, rung, usual);
    case HalvingRule::NonDominated:
      return {rank_by_fronts(entries, options_.noise_floor), usual, std::nullopt};
    case HalvingRule::Score:
      break;
  }
  Sm2Ranking ranking = rank_by_score(entries, options_.weights, options_.noise_floor, usual);
  return {std::move(ranking.trials), usual, ranking.guarded};
}

}  // namespace wattune::strategies
