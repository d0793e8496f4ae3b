#include "wattune/samplers/differential_evolution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "axis.hpp"
#include "breeding.hpp"
#include "differential_population.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

std::size_t default_population(const space::Space& space) {
  return std::clamp<std::size_t>(3 * space.size(), 12, 60);
}

void check_between(std::string_view name, double value, double low, double high, bool low_is_in) {
  const bool is_inside = (low_is_in ? value >= low : value > low) && value <= high;
  if (is_inside) return;
  throw ConfigError(
      fmt::format("sampler differential_evolution: {} is {}; {} {} and up to {} is allowed", name,
                  value, low_is_in ? "from" : "above", low, high));
}

void check(const DifferentialEvolutionOptions& options) {
  if (options.population_size.value_or(4) < 4) {
    throw ConfigError(
        fmt::format("sampler differential_evolution: population_size is {}; at least 4 is needed",
                    *options.population_size));
  }
  check_between("differential_weight", options.differential_weight, 0.0, 2.0, false);
  check_between("crossover_probability", options.crossover_probability, 0.0, 1.0, true);
  check_between("best_fraction", options.best_fraction, 0.0, 1.0, false);
  check_between("adaptation_rate", options.adaptation_rate, 0.0, 1.0, false);
}

/// Back inside, half way between the bound that was crossed and where the step began.
double returned(double coordinate, double from) {
  if (coordinate < 0.0) return 0.5 * from;
  if (coordinate > 1.0) return 0.5 * (1.0 + from);
  return coordinate;
}

class DifferentialEvolution final : public Sampler {
 public:
  DifferentialEvolution(space::Space space, const DifferentialEvolutionOptions& options)
      : space_(std::move(space)),
        options_(options),
        size_(options.population_size.value_or(default_population(space_))),
        population_(size_, options_),
        startup_(make_sobol(space_, {.seed = options_.seed})) {
    check(options_);
    for (std::size_t i = 0; i < space_.size(); ++i) axes_.emplace_back(space_, i);
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    constexpr int kMaxDraws = 50;
    update(history);
    const bool knows_anything = std::ranges::any_of(population_.members(), [&](std::size_t member) {
      return arrivals_[member].standing != Standing::Failed;
    });
    if (!population_.is_full() || !knows_anything) return startup_->suggest(history, rng);
    const std::uint32_t number = history.next_trial_id().number();
    const Genome target = genome(history, population_.members()[population_.place_of(number)]);
    for (int draws = 0; draws < kMaxDraws; ++draws) {
      space::Configuration child = space_.from_unit(draw(history, number, target, rng));
      if (!space_.is_forbidden(child) && genome_of(space_, child) != target) return child;
    }
    Result<space::Configuration> drawn = space_.sample(rng);
    if (!drawn) return std::nullopt;
    return std::move(*drawn);
  }

  std::string describe() const override {
    const bool is_adaptive = options_.strategy == DifferentialStrategy::CurrentToPbest;
    return fmt::format("differential evolution, {}, population of {}",
                       is_adaptive ? "current-to-pbest/1, adaptive" : "rand/1/bin", size_);
  }

 private:
  void update(const trial::History& history) {
    if (!arrivals_.update(history)) {
      population_ = DifferentialPopulation(size_, options_);
      num_used_ = 0;
    }
    for (; num_used_ < arrivals_.size(); ++num_used_) population_.add(arrivals_, num_used_);
  }

  Genome genome(const trial::History& history, std::size_t member) const {
    return genome_of(space_, history.trials()[arrivals_[member].number].configuration());
  }

  /// Any of `from` that is none of `others`, as far as there is one.
  static std::size_t any_but(const std::vector<std::size_t>& from,
                             std::initializer_list<std::size_t> others, Rng& rng) {
    constexpr int kMaxDraws = 20;
    std::size_t drawn = from[rng.index(from.size())];
    for (int draws = 0; draws < kMaxDraws && std::ranges::find(others, drawn) != others.end();
         ++draws) {
      drawn = from[rng.index(from.size())];
    }
    return drawn;
  }

  /// What a child is made of: base + F (towards - base) + F (left - right).
  struct Parts {
    Genome base;
    Genome towards;
    Genome left;
    Genome right;
  };

  Parts choose_parts(const trial::History& history, std::uint32_t number, const Genome& target,
                     Rng& rng) const {
    const std::vector<std::size_t>& members = population_.members();
    const std::size_t place = population_.place_of(number);
    const std::size_t own = members[place];
    if (options_.strategy == DifferentialStrategy::Rand1Bin) {
      const std::size_t base = any_but(members, {own}, rng);
      const std::size_t left = any_but(members, {own, base}, rng);
      const std::size_t right = any_but(members, {own, base, left}, rng);
      const Genome start = genome(history, base);
      return {start, start, genome(history, left), genome(history, right)};
    }
    const std::vector<std::size_t> best = population_.best_for(arrivals_, place);
    std::vector<std::size_t> all = members;
    all.insert(all.end(), population_.archive().begin(), population_.archive().end());
    const std::size_t left = any_but(members, {own}, rng);
    const std::size_t right = any_but(all, {own, left}, rng);
    return {target, genome(history, best[rng.index(best.size())]), genome(history, left),
            genome(history, right)};
  }

  std::vector<double> draw(const trial::History& history, std::uint32_t number,
                           const Genome& target, Rng& rng) const {
    const DifferentialWeights weights = population_.weights_of(number);
    const Parts parts = choose_parts(history, number, target, rng);
    const std::size_t always = rng.index(std::max<std::size_t>(1, space_.size()));
    std::vector<double> point(space_.size());
    for (std::size_t i = 0; i < point.size(); ++i) {
      // Who lacks a conditional parameter has it from anywhere.
      const auto of = [&](const Genome& genome) { return genome[i].value_or(rng.uniform()); };
      const bool is_crossed = rng.uniform() < weights.crossover || i == always;
      if (!is_crossed) {
        point[i] = of(target);
      } else if (axes_[i].kind() == AxisKind::Unordered) {
        point[i] = mixed_choice(i, parts, rng);
      } else {
        const double base = of(parts.base);
        const double towards = parts.towards[i].value_or(base);
        const double left = of(parts.left);
        const double right = of(parts.right);
        point[i] = returned(base + weights.differential * (towards - base + left - right), base);
      }
    }
    return point;
  }

  /// Choices have no differences: one of those of the others, or now and then any.
  double mixed_choice(std::size_t parameter, const Parts& parts, Rng& rng) const {
    constexpr double kAnyFraction = 0.1;
    const double kind = rng.uniform();
    const auto& chosen = (kind < 0.55 ? parts.towards : parts.left)[parameter];
    const std::size_t any = rng.index(axes_[parameter].num_cells());
    if (kind > 1.0 - kAnyFraction || !chosen) return axes_[parameter].place_in(any).coordinate;
    return *chosen;
  }

  space::Space space_;
  DifferentialEvolutionOptions options_;
  std::size_t size_;
  DifferentialPopulation population_;
  std::unique_ptr<Sampler> startup_;
  std::vector<Axis> axes_;
  Arrivals arrivals_;
  std::size_t num_used_ = 0;
};

}  // namespace

std::unique_ptr<Sampler> make_differential_evolution(space::Space space,
                                                     const DifferentialEvolutionOptions& options) {
  return std::make_unique<DifferentialEvolution>(std::move(space), options);
}

}  // namespace wattune::samplers
