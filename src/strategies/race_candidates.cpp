#include "race_candidates.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::strategies {
namespace {

bool is_unordered(const space::Parameter& parameter) {
  const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain);
  return choices != nullptr && !choices->ordered;
}

/// Every coordinate moves with probability 1/2, one at least; those of unordered choices are drawn
/// anew, the more rarely the smaller the step.
std::vector<double> step_from(const space::Space& space, const space::Configuration& parent,
                              const RaceTuning& tuning, Rng& rng) {
  std::vector<double> point = space.to_unit(parent);
  const double range = std::log(tuning.largest_step / tuning.smallest_step);
  const double size = tuning.smallest_step * std::exp(range * rng.uniform());
  const std::size_t always = rng.index(point.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double chosen = rng.uniform();
    const double moved = rng.normal();
    const double drawn = rng.uniform();
    if (chosen >= 0.5 && i != always) continue;
    if (!is_unordered(space.parameters()[i])) {
      point[i] = std::clamp(point[i] + size * moved, 0.0, 1.0);
    } else if (rng.uniform() < size / tuning.largest_step) {
      point[i] = drawn;
    }
  }
  return point;
}

}  // namespace

std::vector<space::Configuration> race_candidates(const trial::History& history,
                                                  std::span<const space::Configuration> parents,
                                                  const RaceTuning& tuning, Tried& tried,
                                                  Rng& rng) {
  const space::Space& space = history.problem().space;
  std::vector<space::Configuration> candidates;
  const auto add = [&](std::span<const double> point) {
    space::Configuration candidate = space.from_unit(point);
    if (space.is_forbidden(candidate) || tried.contains(history, candidate)) return;
    candidates.push_back(std::move(candidate));
  };
  const auto num_local =
      static_cast<std::size_t>(tuning.local_share * double(tuning.num_candidates));
  for (std::size_t i = 0; i < num_local && !parents.empty(); ++i) {
    add(step_from(space, parents[rng.index(parents.size())], tuning, rng));
  }
  std::vector<double> point(space.size());
  for (std::size_t i = num_local; i < tuning.num_candidates; ++i) {
    for (double& coordinate : point) coordinate = rng.uniform();
    add(point);
  }
  return candidates;
}

}  // namespace wattune::strategies
