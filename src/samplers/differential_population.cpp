#include "differential_population.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "wattune/math/sobol.hpp"

namespace wattune::samplers {
namespace {

constexpr std::uint64_t kWeightStream = 0x6465'2d77;   // "de-w"
constexpr std::uint64_t kArchiveStream = 0x6465'2d61;  // "de-a"

/// Shares of the objectives, one vector per place, evenly spread over all mixtures.
std::vector<std::vector<double>> spread_shares(std::size_t count, std::size_t num_objectives) {
  constexpr double kLeastShare = 1e-3;
  const math::SobolSequence sequence(num_objectives, 0);
  std::vector<std::vector<double>> shares;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> mixture = sequence.point(static_cast<std::uint32_t>(i));
    double sum = 0.0;
    for (double& part : mixture) sum += part = -std::log(part);
    for (double& part : mixture) part = std::max(kLeastShare, part / sum);
    shares.push_back(std::move(mixture));
  }
  return shares;
}

}  // namespace

DifferentialPopulation::DifferentialPopulation(std::size_t size,
                                               const DifferentialEvolutionOptions& options)
    : size_(size),
      options_(options),
      means_{options.differential_weight, options.crossover_probability} {
}

void DifferentialPopulation::note_range(const Arrival& arrival) {
  if (arrival.standing != Standing::Feasible) return;
  if (least_.empty()) least_ = most_ = arrival.losses;
  for (std::size_t k = 0; k < least_.size(); ++k) {
    least_[k] = std::min(least_[k], arrival.losses[k]);
    most_[k] = std::max(most_[k], arrival.losses[k]);
  }
}

double DifferentialPopulation::loss_at(const Arrival& arrival, std::size_t place) const {
  if (arrival.losses.empty()) return 0.0;
  if (arrival.losses.size() == 1 || least_.empty()) return arrival.losses[0];
  double largest = 0.0;
  for (std::size_t k = 0; k < least_.size(); ++k) {
    const double range = most_[k] - least_[k];
    const double part = range > 0.0 ? (arrival.losses[k] - least_[k]) / range : 0.0;
    const double weighted = shares_[place][k] * part;
    largest = k == 0 ? weighted : std::max(largest, weighted);
  }
  return largest;
}

bool DifferentialPopulation::is_better(const Arrival& left, const Arrival& right,
                                       std::size_t place) const {
  const std::weak_ordering standing = compare_standing(left, right);
  if (standing != 0) return standing < 0;
  return loss_at(left, place) < loss_at(right, place);
}

void DifferentialPopulation::add(const Arrivals& arrivals, std::size_t index) {
  const Arrival& arrival = arrivals[index];
  if (shares_.empty() && !arrival.losses.empty()) {
    shares_ = spread_shares(size_, arrival.losses.size());
  }
  note_range(arrival);
  ++num_added_;
  if (!is_full()) {
    members_.push_back(index);
    return;
  }
  const std::size_t place = place_of(arrival.number);
  const Arrival& holder = arrivals[members_[place]];
  // What is as good replaces the older one: a plateau is crossed.
  if (!is_better(holder, arrival, place)) {
    if (is_better(arrival, holder, place)) {
      note_success(arrival);
      if (holder.standing != Standing::Failed) bury(members_[place]);
    }
    members_[place] = index;
  }
  if (num_added_ % size_ == 0) adapt();
}

void DifferentialPopulation::note_success(const Arrival& winner) {
  successes_.push_back(weights_of(winner.number));
}

void DifferentialPopulation::bury(std::size_t member) {
  if (archive_.size() < size_) {
    archive_.push_back(member);
    return;
  }
  Rng rng{mix_seed(options_.seed, kArchiveStream), num_added_};
  archive_[rng.index(archive_.size())] = member;
}

/// Moves the means towards what has succeeded in this generation.
void DifferentialPopulation::adapt() {
  if (successes_.empty()) return;
  double sum = 0.0;
  double squares = 0.0;
  double crossover = 0.0;
  for (const DifferentialWeights& success : successes_) {
    sum += success.differential;
    squares += success.differential * success.differential;
    crossover += success.crossover;
  }
  const double rate = options_.adaptation_rate;
  means_.differential += rate * (squares / sum - means_.differential);
  means_.crossover +=
      rate * (crossover / static_cast<double>(successes_.size()) - means_.crossover);
  successes_.clear();
}

DifferentialWeights DifferentialPopulation::weights_of(std::uint32_t trial_number) const {
  constexpr double kSpread = 0.1;
  constexpr double kLeastWeight = 0.05;
  if (options_.strategy == DifferentialStrategy::Rand1Bin) return means_;
  Rng rng{mix_seed(options_.seed, kWeightStream), trial_number};
  DifferentialWeights weights;
  // Cauchy: now and then a large step.
  const double tangent = std::tan(std::numbers::pi * (rng.uniform() - 0.5));
  weights.differential = std::clamp(means_.differential + kSpread * tangent, kLeastWeight, 1.0);
  weights.crossover = std::clamp(means_.crossover + kSpread * rng.normal(), 0.0, 1.0);
  return weights;
}

std::vector<std::size_t> DifferentialPopulation::best_for(const Arrivals& arrivals,
                                                          std::size_t place) const {
  const double share = options_.best_fraction * static_cast<double>(size_);
  const auto count =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(share)), 1, size_);
  std::vector<std::size_t> sorted = members_;
  std::ranges::stable_sort(sorted, [&](std::size_t left, std::size_t right) {
    return is_better(arrivals[left], arrivals[right], place);
  });
  sorted.resize(count);
  return sorted;
}

}  // namespace wattune::samplers
