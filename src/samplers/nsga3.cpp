#include "wattune/samplers/nsga3.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evolution.hpp"
#include "reference_plane.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

constexpr std::size_t kMaxDirections = 100'000;

/// How many directions so many divisions give; kMaxDirections + 1 where they are more.
std::size_t count_directions(std::size_t num_objectives, std::size_t divisions) {
  double count = 1.0;
  for (std::size_t k = 1; k < num_objectives; ++k) {
    count *= static_cast<double>(divisions + k) / static_cast<double>(k);
    if (count > static_cast<double>(kMaxDirections)) return kMaxDirections + 1;
  }
  return static_cast<std::size_t>(std::llround(count));
}

std::size_t divisions_of(std::size_t num_objectives, const Nsga3Options& options) {
  if (options.divisions) {
    if (*options.divisions == 0) {
      throw ConfigError("sampler nsga3: divisions is 0; at least 1 is needed");
    }
    if (count_directions(num_objectives, *options.divisions) > kMaxDirections) {
      throw ConfigError(
          fmt::format("sampler nsga3: {} divisions of {} objectives are more than {} directions",
                      *options.divisions, num_objectives, kMaxDirections));
    }
    return *options.divisions;
  }
  if (num_objectives == 1) return 1;
  std::size_t divisions = 1;
  while (count_directions(num_objectives, divisions + 1) <= options.population_size) ++divisions;
  return divisions;
}

/// The direction that a scaled point is closest to, and how far it lies off.
struct Niche {
  std::size_t direction = 0;
  double distance = 0.0;
};

Niche nearest_direction(const std::vector<double>& point,
                        std::span<const std::vector<double>> directions) {
  double length_sq = 0.0;
  for (const double part : point) length_sq += part * part;
  Niche nearest{0, std::numeric_limits<double>::infinity()};
  for (std::size_t i = 0; i < directions.size(); ++i) {
    double along = 0.0;
    double norm_sq = 0.0;
    for (std::size_t k = 0; k < point.size(); ++k) {
      along += point[k] * directions[i][k];
      norm_sq += directions[i][k] * directions[i][k];
    }
    const double distance = std::sqrt(std::max(0.0, length_sq - along * along / norm_sq));
    if (distance < nearest.distance) nearest = {i, distance};
  }
  return nearest;
}

class NicheSurvival final : public Survival {
 public:
  NicheSurvival(std::vector<std::vector<double>> directions, std::uint64_t seed)
      : directions_(std::move(directions)), seed_(seed) {}

  void reset() override { plane_ = {}; }

  std::vector<Survivor> select(std::span<const Arrival* const> candidates, std::size_t count,
                               std::uint64_t generation) override {
    Rng rng{seed_, generation};
    const auto fronts = sorted_fronts(candidates);
    std::vector<std::size_t> chosen;
    std::size_t rank = 0;
    while (rank < fronts.size() && chosen.size() + fronts[rank].size() <= count) {
      chosen.insert(chosen.end(), fronts[rank].begin(), fronts[rank].end());
      ++rank;
    }
    const bool is_cut = rank < fronts.size() && chosen.size() < count;
    std::vector<std::size_t> last = is_cut ? fronts[rank] : std::vector<std::size_t>{};
    if (is_cut && candidates[last.front()]->standing == Standing::Feasible) {
      fill(candidates, fronts.front().size(), chosen, last, count, rng);
    } else {
      for (std::size_t i = 0; chosen.size() < count && i < last.size(); ++i) {
        chosen.push_back(last[i]);
      }
      learn_from(candidates, chosen, fronts);
    }
    return survivors_of(candidates, chosen);
  }

 private:
  static std::vector<const std::vector<double>*> losses_of(
      std::span<const Arrival* const> candidates, std::span<const std::size_t> indices) {
    std::vector<const std::vector<double>*> losses;
    for (const std::size_t index : indices) losses.push_back(&candidates[index]->losses);
    return losses;
  }

  /// Feasible survivors of a generation that needed no cut still show where the front is.
  void learn_from(std::span<const Arrival* const> candidates, std::span<const std::size_t> chosen,
                  std::span<const std::vector<std::size_t>> fronts) {
    std::vector<std::size_t> feasible;
    for (const std::size_t index : chosen) {
      if (candidates[index]->standing == Standing::Feasible) feasible.push_back(index);
    }
    if (feasible.empty()) return;
    const std::size_t num_first = std::min(fronts.front().size(), feasible.size());
    plane_.learn(losses_of(candidates, feasible), num_first);
  }

  /// Takes members of the last front where directions have the fewest members so far.
  void fill(std::span<const Arrival* const> candidates, std::size_t num_first,
            std::vector<std::size_t>& chosen, const std::vector<std::size_t>& last,
            std::size_t count, Rng& rng) {
    std::vector<std::size_t> all = chosen;
    all.insert(all.end(), last.begin(), last.end());
    plane_.learn(losses_of(candidates, all), num_first);

    std::vector<std::size_t> num_members(directions_.size(), 0);
    for (const std::size_t index : chosen) ++num_members[niche_of(*candidates[index]).direction];
    std::vector<std::vector<std::pair<double, std::size_t>>> waiting(directions_.size());
    for (const std::size_t index : last) {
      const Niche niche = niche_of(*candidates[index]);
      waiting[niche.direction].emplace_back(niche.distance, index);
    }
    while (chosen.size() < count) {
      const std::size_t direction = emptiest(num_members, waiting, rng);
      auto& members = waiting[direction];
      // The first member of a direction is the one closest to it, later ones are any.
      const auto taken =
          num_members[direction] == 0
              ? std::ranges::min_element(members)
              : members.begin() + static_cast<std::ptrdiff_t>(rng.index(members.size()));
      chosen.push_back(taken->second);
      members.erase(taken);
      ++num_members[direction];
    }
  }

  Niche niche_of(const Arrival& arrival) const {
    return nearest_direction(plane_.scaled(arrival.losses), directions_);
  }

  /// Any of the directions with the fewest members, of those for which somebody waits.
  static std::size_t emptiest(
      const std::vector<std::size_t>& num_members,
      const std::vector<std::vector<std::pair<double, std::size_t>>>& waiting, Rng& rng) {
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> directions;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].empty() || num_members[i] > fewest) continue;
      if (num_members[i] < fewest) directions.clear();
      fewest = num_members[i];
      directions.push_back(i);
    }
    WATTUNE_REQUIRE(!directions.empty());
    return directions[rng.index(directions.size())];
  }

  /// Feasible ones are all as good as each other, the rest by how they stand.
  static std::vector<Survivor> survivors_of(std::span<const Arrival* const> candidates,
                                            const std::vector<std::size_t>& chosen) {
    std::vector<Survivor> survivors;
    std::size_t rank = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Arrival& arrival = *candidates[chosen[i]];
      if (i > 0 && compare_standing(*candidates[chosen[i - 1]], arrival) != 0) ++rank;
      survivors.push_back({chosen[i], rank, 0.0});
    }
    return survivors;
  }

  std::vector<std::vector<double>> directions_;
  std::uint64_t seed_;
  ReferencePlane plane_;
};

}  // namespace

std::vector<std::vector<double>> reference_directions(std::size_t num_objectives,
                                                      std::size_t divisions) {
  WATTUNE_REQUIRE(num_objectives >= 1 && divisions >= 1);
  std::vector<std::vector<double>> directions;
  std::vector<std::size_t> parts(num_objectives, 0);
  const auto place = [&](const auto& self, std::size_t objective, std::size_t left) -> void {
    if (objective + 1 == num_objectives) {
      parts[objective] = left;
      std::vector<double> direction;
      for (const std::size_t part : parts) {
        direction.push_back(static_cast<double>(part) / static_cast<double>(divisions));
      }
      directions.push_back(std::move(direction));
      return;
    }
    for (std::size_t part = 0; part <= left; ++part) {
      parts[objective] = part;
      self(self, objective + 1, left - part);
    }
  };
  place(place, 0, divisions);
  return directions;
}

std::unique_ptr<Sampler> make_nsga3(space::Space space, std::size_t num_objectives,
                                    const Nsga3Options& options) {
  WATTUNE_REQUIRE(num_objectives >= 1);
  auto directions = reference_directions(num_objectives, divisions_of(num_objectives, options));
  std::string description = fmt::format("NSGA-III, population of {}, {} directions",
                                        options.population_size, directions.size());
  return make_evolution(
      std::move(space), {"nsga3", options.population_size, options.variation, options.seed},
      std::make_unique<NicheSurvival>(std::move(directions), options.seed), std::move(description));
}

}  // namespace wattune::samplers
