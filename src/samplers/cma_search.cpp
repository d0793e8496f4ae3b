#include "cma_search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "crowding.hpp"

namespace wattune::samplers {
namespace {

/// The generation, best first: by fronts, and within a front by room, then by age.
std::vector<const Arrival*> ranked(std::span<const Arrival* const> generation) {
  const std::vector<std::size_t> ranks = front_ranks(generation);
  std::vector<double> spreads(generation.size(), 0.0);
  const std::size_t num_fronts = *std::ranges::max_element(ranks) + 1;
  for (std::size_t rank = 0; rank < num_fronts; ++rank) {
    std::vector<std::size_t> members;
    std::vector<const std::vector<double>*> losses;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] != rank) continue;
      members.push_back(i);
      losses.push_back(&generation[i]->losses);
    }
    if (members.size() < 2 || losses.front()->size() < 2) continue;
    const std::vector<double> distances = crowding_distances(losses);
    for (std::size_t i = 0; i < members.size(); ++i) spreads[members[i]] = distances[i];
  }
  std::vector<std::size_t> order(generation.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t left, std::size_t right) {
    return ranks[left] != ranks[right] ? ranks[left] < ranks[right]
                                       : spreads[left] > spreads[right];
  });
  std::vector<const Arrival*> sorted;
  for (const std::size_t index : order) sorted.push_back(generation[index]);
  return sorted;
}

/// So that all choices together are the best ones with a fair chance, as the source has it.
double least_probability(std::size_t num_parameters, std::size_t num_choices) {
  constexpr double kAllKept = 0.73;
  const double one = 1.0 - std::pow(kAllKept, 1.0 / static_cast<double>(num_parameters));
  return std::min(one / static_cast<double>(num_choices - 1),
                  0.5 / static_cast<double>(num_choices));
}

Edges edges_of(const Axis& axis) {
  Edges edges;
  if (axis.kind() != AxisKind::Cells) return edges;
  for (std::size_t cell = 0; cell < axis.num_cells(); ++cell) edges.push_back(axis.low_edge(cell));
  edges.push_back(axis.high_edge(axis.num_cells() - 1));
  return edges;
}

}  // namespace

CmaParts::CmaParts(const space::Space& space) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    axes.emplace_back(space, i);
    if (axes[i].kind() == AxisKind::Fixed) continue;
    if (axes[i].kind() == AxisKind::Unordered) {
      unordered.push_back(i);
      num_choices += axes[i].num_cells();
    } else {
      ordered.push_back(i);
    }
  }
}

CmaSearch::CmaSearch(const CmaParts& parts, std::size_t population, std::vector<double> start,
                     double deviation, std::uint64_t seed)
    : parts_(parts), population_(population), seed_(seed) {
  double effective_size = CmaRates{1, population}.effective_size;
  if (!parts.ordered.empty()) {
    std::vector<Edges> edges;
    Eigen::VectorXd mean(static_cast<Eigen::Index>(parts.ordered.size()));
    for (std::size_t i = 0; i < parts.ordered.size(); ++i) {
      edges.push_back(edges_of(parts.axes[parts.ordered[i]]));
      mean[static_cast<Eigen::Index>(i)] = start[parts.ordered[i]];
    }
    normal_.emplace(population, std::move(edges), std::move(mean), deviation);
  }
  // As c_mu does: the more there is to learn, the slower.
  const std::size_t num_free = parts.num_choices - parts.unordered.size();
  const double rate = effective_size / (effective_size + 2.0 + static_cast<double>(num_free));
  for (const std::size_t parameter : parts.unordered) {
    const std::size_t count = parts.axes[parameter].num_cells();
    choices_.emplace_back(count, rate, least_probability(parts.unordered.size(), count));
  }
}

std::vector<double> CmaSearch::draw(Rng& rng) const {
  std::vector<double> point(parts_.axes.size(), 0.5);
  if (normal_) {
    const Eigen::VectorXd drawn = normal_->draw(rng);
    for (std::size_t i = 0; i < parts_.ordered.size(); ++i) {
      point[parts_.ordered[i]] = drawn[static_cast<Eigen::Index>(i)];
    }
  }
  for (std::size_t i = 0; i < parts_.unordered.size(); ++i) {
    const std::size_t parameter = parts_.unordered[i];
    point[parameter] = parts_.axes[parameter].place_in(choices_[i].draw(rng)).coordinate;
  }
  return point;
}

/// Where the trial might have been drawn: a value owns a part of its axis, an inactive parameter
/// all of it. What is open is drawn from the distribution, so that it teaches nothing.
Eigen::VectorXd CmaSearch::latent(const space::Space& space,
                                  const space::Configuration& configuration,
                                  std::uint32_t number) const {
  Rng rng{seed_, number};
  Eigen::VectorXd point(static_cast<Eigen::Index>(parts_.ordered.size()));
  for (std::size_t i = 0; i < parts_.ordered.size(); ++i) {
    const std::size_t parameter = parts_.ordered[i];
    const Axis& axis = parts_.axes[parameter];
    const double quantile = rng.uniform();
    double& coordinate = point[static_cast<Eigen::Index>(i)];
    if (!configuration.is_active(parameter)) {
      coordinate = normal_->within(i, 0.0, 1.0, quantile);
    } else if (axis.kind() == AxisKind::Cells) {
      const Place place = axis.place_of(space, configuration);
      coordinate =
          normal_->within(i, axis.low_edge(place.cell), axis.high_edge(place.cell), quantile);
    } else {
      coordinate = space.encode(parameter, configuration[parameter]);
    }
  }
  return point;
}

void CmaSearch::learn(const space::Space& space, const trial::History& history,
                      std::span<const Arrival* const> generation) {
  const std::vector<const Arrival*> best_first = ranked(generation);
  const auto num_failed = std::ranges::count(best_first, Standing::Failed, &Arrival::standing);
  const std::size_t num_ranked = best_first.size() - static_cast<std::size_t>(num_failed);
  if (num_ranked == 0) return;  // nothing tells where to go
  note_best(best_first);
  if (normal_) {
    std::vector<Eigen::VectorXd> points;
    for (const Arrival* arrival : best_first) {
      points.push_back(
          latent(space, history.trials()[arrival->number].configuration(), arrival->number));
    }
    normal_->learn(points, num_ranked);
  }
  const CmaRates rates{1, population_};
  const std::size_t num_best = std::min(population_ / 2, num_ranked);
  double total = 0.0;
  for (std::size_t i = 0; i < num_best; ++i) total += rates.weights[i];
  for (std::size_t k = 0; k < parts_.unordered.size(); ++k) {
    const std::size_t parameter = parts_.unordered[k];
    std::vector<WeightedChoice> chosen;
    for (std::size_t i = 0; i < num_best; ++i) {
      const auto& configuration = history.trials()[best_first[i]->number].configuration();
      WeightedChoice& one = chosen.emplace_back();
      one.weight = rates.weights[i] / total;
      if (!configuration.is_active(parameter)) continue;
      one.choice = parts_.axes[parameter].place_of(space, configuration).cell;
    }
    choices_[k].learn(chosen);
  }
}

void CmaSearch::note_best(std::span<const Arrival* const> best_first) {
  const Arrival& best = *best_first.front();
  if (best.losses.size() == 1) best_losses_.push_back(best.losses[0]);
}

bool CmaSearch::has_converged() const {
  constexpr double kLeastDeviation = 1e-9;
  constexpr double kLargestCondition = 1e14;
  constexpr double kLeastChange = 1e-12;
  if (!normal_) return false;
  bool is_narrow = true;
  for (std::size_t i = 0; i < normal_->dimension(); ++i) {
    is_narrow = is_narrow && normal_->deviation(i) < kLeastDeviation;
  }
  if (is_narrow || normal_->condition() > kLargestCondition) return true;
  const std::size_t num_compared = 10 + (30 * normal_->dimension() + population_ - 1) / population_;
  if (best_losses_.size() < num_compared) return false;
  const auto last = std::span{best_losses_}.last(num_compared);
  const auto [least, most] = std::ranges::minmax(last);
  return most - least <= kLeastChange * std::max(1e-300, std::abs(least));
}

}  // namespace wattune::samplers
