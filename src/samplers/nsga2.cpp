#include "wattune/samplers/nsga2.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crowding.hpp"
#include "evolution.hpp"

namespace wattune::samplers {
namespace {

class CrowdingSurvival final : public Survival {
 public:
  void reset() override {}

  std::vector<Survivor> select(std::span<const Arrival* const> candidates, std::size_t count,
                               std::uint64_t /*generation*/) override {
    std::vector<Survivor> survivors;
    const auto fronts = sorted_fronts(candidates);
    for (std::size_t rank = 0; rank < fronts.size() && survivors.size() < count; ++rank) {
      std::vector<Survivor> members = members_of(candidates, fronts[rank], rank);
      const std::size_t num_left = count - survivors.size();
      if (members.size() > num_left) {
        std::ranges::stable_sort(members, std::ranges::greater{}, &Survivor::spread);
        members.resize(num_left);
      }
      survivors.insert(survivors.end(), members.begin(), members.end());
    }
    return survivors;
  }

 private:
  static std::vector<Survivor> members_of(std::span<const Arrival* const> candidates,
                                          const std::vector<std::size_t>& front, std::size_t rank) {
    std::vector<const std::vector<double>*> losses;
    for (const std::size_t index : front) losses.push_back(&candidates[index]->losses);
    const std::vector<double> spreads = crowding_distances(losses);
    std::vector<Survivor> members;
    for (std::size_t i = 0; i < front.size(); ++i) members.push_back({front[i], rank, spreads[i]});
    return members;
  }
};

}  // namespace

std::unique_ptr<Sampler> make_nsga2(space::Space space, const Nsga2Options& options) {
  return make_evolution(std::move(space),
                        {"nsga2", options.population_size, options.variation, options.seed},
                        std::make_unique<CrowdingSurvival>(),
                        fmt::format("NSGA-II, population of {}", options.population_size));
}

}  // namespace wattune::samplers
