#include "acquisition_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "every_configuration.hpp"
#include "wattune/math/minimize.hpp"
#include "wattune/math/sobol.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;

constexpr std::size_t kFewValues = 32;  // an ordered parameter of more is climbed along
constexpr int kMaxDraws = 100;

void keep_best(std::vector<std::size_t>& indices, std::size_t count, const auto& value_of) {
  std::ranges::stable_sort(indices, std::ranges::greater{}, value_of);
  indices.resize(std::min(indices.size(), count));
}

}  // namespace

AcquisitionSearch::AcquisitionSearch(const space::Space& space, const Features& features,
                                     const AcquisitionSearchOptions& options)
    : space_(space), features_(features), options_(options) {
  is_countable_ = true;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!space.num_values(i)) is_countable_ = false;
    const bool is_ordered = features.ordered_column(i).has_value();
    auto values = coordinates_of_values(
        space, i, is_ordered ? kFewValues : std::numeric_limits<std::size_t>::max());
    if (!values) {
      continuous_.push_back(i);
    } else if (values->size() > 1) {
      discrete_.emplace_back(i, std::move(*values));
    }
  }
  all_ = every_configuration(space, options.max_enumerated);
}

std::optional<space::Configuration> AcquisitionSearch::find_best(
    const Acquisition& acquisition, std::span<const space::Configuration> centres,
    const Tried& tried, Rng& rng) const {
  if (all_) return best_of_all(acquisition, tried);
  Candidates candidates;
  const std::size_t num_near = centres.empty() ? 0 : options_.num_raw / 3;
  add_spread(options_.num_raw - num_near, rng, candidates);
  const std::size_t num_spread = candidates.size();
  add_near(centres, num_near, rng, candidates);
  if (candidates.empty()) return draw_untried(tried, rng);
  const Eigen::VectorXd rough = acquisition.rough_values(rows_of(candidates));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].value = rough[static_cast<Index>(i)];
  }

  std::vector<std::size_t> far;
  std::vector<std::size_t> near;
  for (std::size_t i = 0; i < candidates.size(); ++i) (i < num_spread ? far : near).push_back(i);
  const auto value_of = [&](std::size_t i) { return candidates[i].value; };
  keep_best(far, near.empty() ? options_.num_polished : (options_.num_polished + 1) / 2, value_of);
  keep_best(near, options_.num_polished - std::min(options_.num_polished, far.size()), value_of);
  far.insert(far.end(), near.begin(), near.end());
  Candidates best;
  for (const std::size_t start : far) best.push_back(candidates[start]);
  evaluate(acquisition, best);
  for (std::size_t i = 0; i < far.size(); ++i) best.push_back(polish(acquisition, best[i]));
  for (const Candidates* const list : {&best, &candidates}) {
    if (auto found = best_untried(*list, tried)) return found;
  }
  return draw_untried(tried, rng);
}

std::optional<space::Configuration> AcquisitionSearch::best_untried(const Candidates& candidates,
                                                                    const Tried& tried) const {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (is_countable_ && tried.contains(candidate.configuration)) continue;
    if (best == nullptr || candidate.value > best->value) best = &candidate;
  }
  return best != nullptr ? std::optional{best->configuration} : std::nullopt;
}

std::optional<space::Configuration> AcquisitionSearch::draw_untried(const Tried& tried,
                                                                    Rng& rng) const {
  if (all_) {
    std::vector<const space::Configuration*> left;
    for (const space::Configuration& configuration : *all_) {
      if (!tried.contains(configuration)) left.push_back(&configuration);
    }
    if (!left.empty()) return *left[rng.index(left.size())];
  }
  std::optional<space::Configuration> drawn;
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    auto configuration = space_.sample(rng);
    if (!configuration) break;
    drawn = std::move(*configuration);
    if (!is_countable_ || all_ || !tried.contains(*drawn)) break;
  }
  return drawn;
}

std::optional<space::Configuration> AcquisitionSearch::best_of_all(const Acquisition& acquisition,
                                                                   const Tried& tried) const {
  constexpr std::size_t kChunk = 512;
  std::vector<space::Configuration> left;
  for (const space::Configuration& configuration : *all_) {
    if (!tried.contains(configuration)) left.push_back(configuration);
  }
  if (left.empty()) left = *all_;
  std::optional<space::Configuration> best;
  double best_value = -std::numeric_limits<double>::infinity();
  for (std::size_t first = 0; first < left.size(); first += kChunk) {
    const auto chunk = std::span{left}.subspan(first, std::min(kChunk, left.size() - first));
    const Eigen::VectorXd values = acquisition.values(features_.rows(chunk));
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const double value = values[static_cast<Index>(i)];
      if (best && !(value > best_value)) continue;
      best = chunk[i];
      best_value = value;
    }
  }
  return best;
}

/// A candidate, unless it is forbidden.
void AcquisitionSearch::add(std::vector<double> point, Candidates& candidates) const {
  space::Configuration configuration = space_.from_unit(point);
  if (space_.is_forbidden(configuration)) return;
  candidates.push_back({std::move(point), std::move(configuration), 0.0});
}

void AcquisitionSearch::add_spread(std::size_t count, Rng& rng, Candidates& candidates) const {
  constexpr std::size_t kTriesPerCandidate = 20;
  const std::size_t dimension = std::max<std::size_t>(1, space_.size());
  const math::SobolSequence sequence{dimension, rng.bits()};
  for (std::uint32_t i = 0; candidates.size() < count && i < kTriesPerCandidate * count; ++i) {
    std::vector<double> point = sequence.point(i);
    point.resize(space_.size());
    add(std::move(point), candidates);
  }
}

/// Steps of several lengths in some of the parameters.
void AcquisitionSearch::add_near(std::span<const space::Configuration> centres, std::size_t count,
                                 Rng& rng, Candidates& candidates) const {
  constexpr std::array kStepLengths{0.2, 0.05, 0.01};
  constexpr double kLeastShare = 0.3;  // of the parameters that a step changes
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> point = space_.to_unit(centres[i % centres.size()]);
    const double length = kStepLengths[(i / centres.size()) % kStepLengths.size()];
    const double share = rng.uniform(kLeastShare, 1.0);
    for (const std::size_t p : continuous_) {
      if (rng.uniform() < share) point[p] = std::clamp(point[p] + length * rng.normal(), 0.0, 1.0);
    }
    for (const auto& [p, values] : discrete_) {
      if (rng.uniform() >= share) continue;
      const bool is_ordered = features_.ordered_column(p).has_value();
      if (is_ordered && values.size() > 3) {
        point[p] = std::clamp(point[p] + 2.0 * length * rng.normal(), 0.0, 1.0);
      } else if (rng.uniform() < length + 0.1) {
        point[p] = values[rng.index(values.size())];
      }
    }
    add(std::move(point), candidates);
  }
}

Eigen::MatrixXd AcquisitionSearch::rows_of(const Candidates& candidates) const {
  Eigen::MatrixXd rows(static_cast<Index>(candidates.size()),
                       static_cast<Index>(features_.num_columns()));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    rows.row(static_cast<Index>(i)) = features_.row(candidates[i].configuration);
  }
  return rows;
}

void AcquisitionSearch::evaluate(const Acquisition& acquisition, Candidates& candidates) const {
  const Eigen::VectorXd values = acquisition.values(rows_of(candidates));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].value = values[static_cast<Index>(i)];
  }
}

/// Climbs and tries values in turns until neither helps.
AcquisitionSearch::Candidate AcquisitionSearch::polish(const Acquisition& acquisition,
                                                       Candidate start) const {
  constexpr int kMaxRounds = 3;
  Candidate best = std::move(start);
  for (int round = 0; round < kMaxRounds; ++round) {
    Candidate climbed = climb(acquisition, best);
    if (climbed.value > best.value) best = std::move(climbed);
    if (discrete_.empty()) break;
    Candidate neighbour = best_neighbour(acquisition, best);
    if (!(neighbour.value > best.value)) break;
    best = std::move(neighbour);
  }
  return best;
}

AcquisitionSearch::Candidate AcquisitionSearch::climb(const Acquisition& acquisition,
                                                      const Candidate& start) const {
  constexpr std::size_t kMaxEvaluations = 30;
  std::vector<std::pair<std::size_t, Index>> free;  // parameter, column
  for (const std::size_t p : continuous_) {
    if (!start.configuration.is_active(p)) continue;
    free.emplace_back(p, static_cast<Index>(*features_.ordered_column(p)));
  }
  if (free.empty()) return start;
  Eigen::RowVectorXd row = features_.row(start.configuration);
  Eigen::VectorXd at(static_cast<Index>(free.size()));
  for (std::size_t i = 0; i < free.size(); ++i) at[static_cast<Index>(i)] = row[free[i].second];
  Eigen::RowVectorXd row_gradient;
  const auto negated = [&](const Eigen::VectorXd& point, Eigen::VectorXd& gradient) {
    for (std::size_t i = 0; i < free.size(); ++i)
      row[free[i].second] = point[static_cast<Index>(i)];
    const double value = acquisition.value(row, row_gradient);
    for (std::size_t i = 0; i < free.size(); ++i) {
      gradient[static_cast<Index>(i)] = -row_gradient[free[i].second];
    }
    return -value;
  };
  const math::Minimum top = math::minimize(negated, at, math::unit_bounds(free.size()),
                                           {.max_evaluations = kMaxEvaluations});
  std::vector<double> point = start.point;
  for (std::size_t i = 0; i < free.size(); ++i) {
    point[free[i].first] = top.point[static_cast<Index>(i)];
  }
  Candidates climbed;
  add(std::move(point), climbed);
  if (climbed.empty()) return start;
  evaluate(acquisition, climbed);
  return climbed.front();
}

/// Other values of one discrete parameter at a time: all of a choice, neighbours of a number.
AcquisitionSearch::Candidate AcquisitionSearch::best_neighbour(const Acquisition& acquisition,
                                                               const Candidate& start) const {
  constexpr std::size_t kAllOf = 8;
  constexpr std::size_t kReach = 3;
  Candidates neighbours;
  for (const auto& [p, values] : discrete_) {
    if (!start.configuration.is_active(p)) continue;
    const double coordinate = space_.encode(p, start.configuration[p]);
    const auto own = static_cast<std::size_t>(
        std::ranges::min_element(values, {}, [&](double v) { return std::abs(v - coordinate); }) -
        values.begin());
    const bool all = values.size() <= kAllOf || !features_.ordered_column(p);
    for (std::size_t k = 0; k < values.size(); ++k) {
      const std::size_t distance = k > own ? k - own : own - k;
      if (distance == 0 || (!all && distance > kReach)) continue;
      std::vector<double> point = start.point;
      point[p] = values[k];
      add(std::move(point), neighbours);
    }
  }
  if (neighbours.empty()) return start;
  evaluate(acquisition, neighbours);
  return *std::ranges::max_element(neighbours, {}, &Candidate::value);
}

}  // namespace wattune::samplers
