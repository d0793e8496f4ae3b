#include "wattune/samplers/tpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "bad_density.hpp"
#include "good_density.hpp"
#include "observations.hpp"
#include "tried.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

void check(const TpeOptions& options) {
  if (options.num_candidates == 0) {
    throw ConfigError("sampler tpe: num_candidates is 0; at least 1 is needed");
  }
  if (options.max_good == 0) throw ConfigError("sampler tpe: max_good is 0; at least 1 is needed");
  if (!(options.good_fraction > 0.0 && options.good_fraction <= 1.0)) {
    throw ConfigError(fmt::format(
        "sampler tpe: good_fraction is {}; above 0 and up to 1 is allowed", options.good_fraction));
  }
  if (!(options.prior_weight > 0.0 &&
        options.prior_weight < std::numeric_limits<double>::infinity())) {
    throw ConfigError(
        fmt::format("sampler tpe: prior_weight is {}; it must be above 0", options.prior_weight));
  }
}

SplitOptions split_options(const space::Space& space, const TpeOptions& options) {
  // One more than the parameters is what a density needs to know every direction.
  return {options.good_fraction, options.max_good, std::max<std::size_t>(space.size() + 1, 8)};
}

class Tpe final : public Sampler {
 public:
  Tpe(space::Space space, const TpeOptions& options)
      : space_(std::move(space)), options_(options), axes_(make_axes()), bad_(make_bad()) {
    check(options_);
    startup_ = options_.startup == TpeStartup::Sobol ? make_sobol(space_, {.seed = options_.seed})
                                                     : make_random(space_);
    is_finite_ = std::ranges::all_of(
        axes_, [](const Axis& axis) { return axis.kind() != AxisKind::Gaussian; });
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    update(history);
    if (observations_->num_ranked() < options_.num_startup) return startup_->suggest(history, rng);
    std::vector<space::Configuration> candidates = draw_candidates(rng);
    if (is_finite_) prefer_untried(candidates, rng);
    if (candidates.empty()) return startup_->suggest(history, rng);
    return std::move(candidates[most_likely_good(candidates)]);
  }

  std::string describe() const override {
    return fmt::format("TPE, {}, {} candidates, best {:g} % up to {}",
                       options_.multivariate ? "multivariate" : "univariate",
                       options_.num_candidates, 100.0 * options_.good_fraction, options_.max_good);
  }

 private:
  std::vector<Axis> make_axes() const {
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < space_.size(); ++i) axes.emplace_back(space_, i);
    return axes;
  }

  /// One density over all axes, or one for each.
  std::vector<BadDensity> make_bad() const {
    std::vector<std::size_t> all(space_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<BadDensity> bad;
    if (options_.multivariate) {
      bad.emplace_back(axes_, all, options_.prior_weight);
    } else {
      for (const std::size_t axis : all) {
        bad.emplace_back(axes_, std::vector{axis}, options_.prior_weight);
      }
    }
    return bad;
  }

  Places places_of(const space::Configuration& configuration) const {
    Places places;
    places.reserve(axes_.size());
    for (const Axis& axis : axes_) places.push_back(axis.place_of(space_, configuration));
    return places;
  }

  void update(const trial::History& history) {
    if (!observations_) {
      observations_.emplace(history.problem().objectives.size(), split_options(space_, options_));
    }
    observations_->update(history);
    for (const auto& [number, side] : observations_->changes()) {
      const Places places = places_of(history.trials()[number].configuration());
      for (BadDensity& density : bad_) {
        density.remove(number);
        if (side == Side::Bad) density.add(number, places);
      }
    }
    good_places_.clear();
    for (const std::uint32_t number : observations_->good()) {
      good_places_.push_back(places_of(history.trials()[number].configuration()));
    }
    if (is_finite_) tried_.update(history);
  }

  std::vector<GoodDensity> good_densities() const {
    std::vector<const Places*> kernels;
    for (const Places& places : good_places_) kernels.push_back(&places);
    std::vector<GoodDensity> good;
    for (const BadDensity& density : bad_) {
      good.emplace_back(axes_, density.members(), kernels, options_.prior_weight);
    }
    return good;
  }

  /// Up to num_candidates; forbidden draws are made again, but not for ever.
  std::vector<space::Configuration> draw_candidates(Rng& rng) {
    constexpr std::size_t kDrawsPerCandidate = 20;
    good_ = good_densities();
    std::vector<space::Configuration> candidates;
    std::vector<double> point(space_.size());
    const std::size_t max_draws = kDrawsPerCandidate * options_.num_candidates;
    for (std::size_t i = 0; i < max_draws && candidates.size() < options_.num_candidates; ++i) {
      for (const GoodDensity& density : good_) density.draw(point, rng);
      space::Configuration configuration = space_.from_unit(point);
      if (!space_.is_forbidden(configuration)) candidates.push_back(std::move(configuration));
    }
    return candidates;
  }

  /// A configuration's second trial costs a training and tells little: keeps untried candidates,
  /// or looks for an untried one anywhere, or gives in.
  void prefer_untried(std::vector<space::Configuration>& candidates, Rng& rng) const {
    constexpr int kMaxDraws = 100;
    const auto is_tried = [&](const space::Configuration& configuration) {
      return tried_.contains(configuration);
    };
    if (!std::ranges::all_of(candidates, is_tried)) {
      std::erase_if(candidates, is_tried);
      return;
    }
    for (int draw = 0; draw < kMaxDraws; ++draw) {
      auto drawn = space_.sample(rng);
      if (!drawn) return;
      if (is_tried(*drawn)) continue;
      candidates.assign(1, std::move(*drawn));
      return;
    }
  }

  std::size_t most_likely_good(std::span<const space::Configuration> candidates) {
    std::vector<Places> places;
    for (const auto& candidate : candidates) places.push_back(places_of(candidate));
    std::vector<double> gains(candidates.size(), 0.0);
    for (std::size_t d = 0; d < bad_.size(); ++d) {
      const std::vector<double> bad = bad_[d].log_densities(places);
      for (std::size_t i = 0; i < gains.size(); ++i) {
        gains[i] += good_[d].log_density(places[i]) - bad[i];
      }
    }
    return static_cast<std::size_t>(std::ranges::max_element(gains) - gains.begin());
  }

  space::Space space_;
  TpeOptions options_;
  std::vector<Axis> axes_;
  std::vector<BadDensity> bad_;
  std::vector<GoodDensity> good_;
  std::vector<Places> good_places_;
  std::unique_ptr<Sampler> startup_;
  std::optional<Observations> observations_;
  bool is_finite_ = false;
  Tried tried_;  // in a finite space
};

}  // namespace

std::unique_ptr<Sampler> make_tpe(space::Space space, const TpeOptions& options) {
  return std::make_unique<Tpe>(std::move(space), options);
}

}  // namespace wattune::samplers
