#include "evolution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/result.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

class Evolution final : public Sampler {
 public:
  Evolution(space::Space space, const EvolutionOptions& options, std::unique_ptr<Survival> survival,
            std::string description)
      : space_(std::move(space)),
        population_size_(options.population_size),
        breeding_(space_, options.variation, options.name),
        survival_(std::move(survival)),
        startup_(make_sobol(space_, {.seed = options.seed})),
        description_(std::move(description)) {
    if (population_size_ < 4) {
      throw ConfigError(fmt::format("sampler {}: population_size is {}; at least 4 is needed",
                                    options.name, population_size_));
    }
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    update(history);
    if (parents_.size() < 2) return startup_->suggest(history, rng);
    const Parent& first = tournament(rng);
    const Parent& second = other_than(first, rng);
    if (auto child = breeding_.child(space_, first.genome, second.genome, rng)) return child;
    Result<space::Configuration> drawn = space_.sample(rng);
    if (!drawn) return std::nullopt;
    return std::move(*drawn);
  }

  std::string describe() const override { return description_; }

 private:
  struct Parent {
    std::size_t arrival = 0;
    std::size_t rank = 0;
    double spread = 0.0;
    Genome genome;
  };

  void update(const trial::History& history) {
    if (!arrivals_.update(history)) {
      parents_.clear();
      generation_ = 0;
      survival_->reset();
    }
    bool is_new = false;
    for (; arrivals_.size() >= (generation_ + 1) * population_size_; ++generation_) {
      next_generation();
      is_new = true;
    }
    if (!is_new) return;
    for (Parent& parent : parents_) {
      const std::uint32_t number = arrivals_[parent.arrival].number;
      parent.genome = genome_of(space_, history.trials()[number].configuration());
    }
  }

  void next_generation() {
    std::vector<std::size_t> indices;
    for (const Parent& parent : parents_) indices.push_back(parent.arrival);
    const std::size_t begin = generation_ * population_size_;
    for (std::size_t i = begin; i < begin + population_size_; ++i) {
      if (arrivals_[i].standing != Standing::Failed) indices.push_back(i);
    }
    std::vector<const Arrival*> candidates;
    for (const std::size_t index : indices) candidates.push_back(&arrivals_[index]);
    const std::size_t count = std::min(population_size_, candidates.size());
    parents_.clear();
    for (const Survivor& survivor : survival_->select(candidates, count, generation_)) {
      parents_.push_back({indices[survivor.index], survivor.rank, survivor.spread, {}});
    }
  }

  const Parent& tournament(Rng& rng) const {
    const Parent& left = parents_[rng.index(parents_.size())];
    const Parent& right = parents_[rng.index(parents_.size())];
    if (left.rank != right.rank) return left.rank < right.rank ? left : right;
    return right.spread > left.spread ? right : left;
  }

  const Parent& other_than(const Parent& first, Rng& rng) const {
    constexpr int kMaxDraws = 10;
    const Parent* second = &tournament(rng);
    for (int draw = 0; draw < kMaxDraws && second == &first; ++draw) second = &tournament(rng);
    return *second;
  }

  space::Space space_;
  std::size_t population_size_;
  Breeding breeding_;
  std::unique_ptr<Survival> survival_;
  std::unique_ptr<Sampler> startup_;
  std::string description_;
  Arrivals arrivals_;
  std::vector<Parent> parents_;
  std::size_t generation_ = 0;
};

}  // namespace

std::unique_ptr<Sampler> make_evolution(space::Space space, const EvolutionOptions& options,
                                        std::unique_ptr<Survival> survival,
                                        std::string description) {
  return std::make_unique<Evolution>(std::move(space), options, std::move(survival),
                                     std::move(description));
}

std::vector<std::vector<std::size_t>> sorted_fronts(std::span<const Arrival* const> candidates) {
  const std::vector<std::size_t> ranks = front_ranks(candidates);
  std::vector<std::vector<std::size_t>> fronts;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (fronts.size() <= ranks[i]) fronts.resize(ranks[i] + 1);
    fronts[ranks[i]].push_back(i);
  }
  return fronts;
}

}  // namespace wattune::samplers
