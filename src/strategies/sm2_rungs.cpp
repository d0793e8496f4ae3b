#include "sm2_rungs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sm2_roles.hpp"
#include "wattune/base/text.hpp"

namespace wattune::strategies {
namespace {

constexpr std::size_t kEta = 2;

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
    if (!is_used || size.has_failed || !size.units_per_second) continue;
    least = std::min(least.value_or(*size.units_per_second), *size.units_per_second);
  }
  return least;
}

/// Halvings until one is left.
std::size_t num_cuts(std::size_t num_candidates) {
  std::size_t cuts = 0;
  for (std::size_t n = num_candidates; n > 1; n = (n + 1) / 2) ++cuts;
  return cuts;
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
    const double room = resource.max / std::pow(2.0, static_cast<double>(num_cuts(num_candidates)));
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
    target *= static_cast<double>(kEta);
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

std::optional<double> RungJudge::joules_per_unit(const trial::Trial& trial, double target,
                                                 std::size_t rung) const {
  if (trial.reports().empty()) return std::nullopt;
  const auto batch_size = batch_size_in(history_.problem().space, trial.configuration());
  const auto last_index = trial.first_report_at(target);
  const trial::Report& last = last_index ? trial.reports()[*last_index] : trial.reports().back();
  if (last.provenance == Provenance::Missing) return std::nullopt;
  trial::Report first;
  if (options_.energy_mode == EnergyMode::Rung && rung > 0) {
    const auto index = trial.first_report_at(ladder_target(ladder_, batch_size, rung - 1));
    // A report beyond this rung already at the rung before: its share is that of the whole.
    if (index && trial.reports()[*index].step < last.step) first = trial.reports()[*index];
  }
  const double work = work_at(ladder_.unit, last.step - first.step, batch_size);
  if (work <= 0.0) return std::nullopt;
  return (last.energy - first.energy).joules().value() / work;
}

Sm2Entry RungJudge::entry(const schedulers::Contestant& member, std::size_t rung) const {
  const trial::Trial& trial = history_.trial(member.trial);
  Sm2Entry entry;
  entry.standing = schedulers::standing_of(history_, member);
  entry.joules_per_unit = joules_per_unit(trial, member.target, rung);
  entry.stability =
      stability_of(training_losses(history_, trial, member.target, options_.training_loss));
  return entry;
}

Sm2Ranking RungJudge::judge(std::span<const schedulers::Contestant> members, std::size_t rung,
                            std::size_t num_kept) const {
  std::vector<Sm2Entry> entries;
  for (const schedulers::Contestant& member : members) {
    if (schedulers::is_out(history_.trial(member.trial), rung)) continue;
    entries.push_back(entry(member, rung));
  }
  return rank_by_score(entries, options_.weights, options_.noise_floor, num_kept);
}

schedulers::BracketRules RungJudge::rules() const {
  schedulers::BracketRules rules;
  rules.eta = kEta;
  rules.max = ladder_.max;
  rules.target = [this](const trial::Trial& trial, std::size_t rung) {
    return ladder_target(ladder_, batch_size_in(history_.problem().space, trial.configuration()),
                         rung);
  };
  rules.rank = [this](std::span<const schedulers::Contestant> members, std::size_t rung,
                      std::size_t num_kept) { return judge(members, rung, num_kept).trials; };
  return rules;
}

}  // namespace wattune::strategies
