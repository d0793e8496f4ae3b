#include "wattune/samplers/cma_es.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cma_search.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

constexpr std::size_t kLargestPopulation = 10'000;

std::size_t default_population(const CmaParts& parts) {
  const std::size_t num_free = parts.ordered.size() + parts.num_choices - parts.unordered.size();
  const double d = static_cast<double>(std::max<std::size_t>(1, num_free));
  return 4 + static_cast<std::size_t>(3.0 * std::log(d));
}

void check(const CmaEsOptions& options) {
  if (options.population_size &&
      (*options.population_size < 4 || *options.population_size > kLargestPopulation)) {
    throw ConfigError(fmt::format("sampler cma_es: population_size is {}; 4 to {} is allowed",
                                  *options.population_size, kLargestPopulation));
  }
  if (!(options.initial_deviation > 0.0 && options.initial_deviation <= 1.0)) {
    throw ConfigError(
        fmt::format("sampler cma_es: initial_deviation is {}; above 0 and up to 1 is allowed",
                    options.initial_deviation));
  }
}

class CmaEs final : public Sampler {
 public:
  CmaEs(space::Space space, const CmaEsOptions& options)
      : space_(std::move(space)), options_(options), parts_(space_) {
    check(options_);
    first_population_ = options_.population_size.value_or(default_population(parts_));
    start_first();
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    constexpr int kMaxDraws = 100;
    update(history);
    for (int draws = 0; draws < kMaxDraws; ++draws) {
      space::Configuration drawn = space_.from_unit(search_->draw(rng));
      if (!space_.is_forbidden(drawn)) return drawn;
    }
    Result<space::Configuration> drawn = space_.sample(rng);
    if (!drawn) return std::nullopt;
    return std::move(*drawn);
  }

  std::string describe() const override {
    constexpr std::string_view kRestarts[] = {"no restarts", "IPOP restarts", "BIPOP restarts"};
    return fmt::format("CMA-ES with margin, population of {}, {}", first_population_,
                       kRestarts[static_cast<std::size_t>(options_.restarts)]);
  }

 private:
  void update(const trial::History& history) {
    if (!arrivals_.update(history)) start_first();
    while (arrivals_.size() >= num_used_ + search_->population()) {
      std::vector<const Arrival*> generation;
      for (std::size_t i = 0; i < search_->population(); ++i) {
        generation.push_back(&arrivals_[num_used_ + i]);
      }
      num_used_ += generation.size();
      num_spent_[is_small_ ? 1 : 0] += generation.size();
      search_->learn(space_, history, generation);
      if (options_.restarts != CmaRestarts::None && search_->has_converged()) restart();
    }
  }

  void start_first() {
    num_used_ = 0;
    num_restarts_ = 0;
    num_spent_[0] = num_spent_[1] = 0;
    large_population_ = first_population_;
    is_small_ = false;
    std::vector<double> middle(space_.size(), 0.5);
    search_.emplace(parts_, first_population_, std::move(middle), options_.initial_deviation,
                    options_.seed);
  }

  /// From anywhere: with twice the population, or (Bipop) with a small one and small steps while
  /// those have had fewer trials.
  void restart() {
    ++num_restarts_;
    Rng rng{mix_seed(options_.seed, kRestartStream), num_restarts_};
    std::vector<double> start(space_.size());
    for (double& coordinate : start) coordinate = rng.uniform();
    is_small_ = options_.restarts == CmaRestarts::Bipop && num_restarts_ > 1 &&
                num_spent_[1] < num_spent_[0];
    double deviation = options_.initial_deviation;
    std::size_t population = 0;
    if (is_small_) {
      const double u = rng.uniform();
      const double ratio =
          0.5 * static_cast<double>(large_population_) / static_cast<double>(first_population_);
      const double scaled = static_cast<double>(first_population_) * std::pow(ratio, u * u);
      population = std::max(first_population_, static_cast<std::size_t>(scaled));
      deviation *= std::pow(10.0, -2.0 * rng.uniform());
    } else {
      large_population_ = std::min(kLargestPopulation, 2 * large_population_);
      population = large_population_;
    }
    search_.emplace(parts_, population, std::move(start), deviation, options_.seed);
  }

  static constexpr std::uint64_t kRestartStream = 0x7265'7374'6172'74;  // "restart"

  space::Space space_;
  CmaEsOptions options_;
  CmaParts parts_;
  std::size_t first_population_ = 4;
  std::size_t large_population_ = 4;
  std::size_t num_restarts_ = 0;
  std::size_t num_spent_[2] = {0, 0};  // trials of large and of small searches
  bool is_small_ = false;
  Arrivals arrivals_;
  std::size_t num_used_ = 0;
  std::optional<CmaSearch> search_;
};

}  // namespace

std::unique_ptr<Sampler> make_cma_es(space::Space space, const CmaEsOptions& options) {
  return std::make_unique<CmaEs>(std::move(space), options);
}

}  // namespace wattune::samplers
