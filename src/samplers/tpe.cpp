#include "wattune/samplers/tpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bad_axis_density.hpp"
#include "bad_density.hpp"
#include "bounded_sample.hpp"
#include "good_axis_density.hpp"
#include "good_density.hpp"
#include "observations.hpp"
#include "tried.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

/// Of the bad trials, as many as this stand in the joint density: what lies beyond makes it no
/// truer than its bandwidth allows, but would make a suggestion slower with every trial.
constexpr std::size_t kMaxJointKernels = 256;

void check_fraction(const char* name, double fraction) {
  if (!(fraction > 0.0 && fraction <= 1.0)) {
    throw ConfigError(
        fmt::format("sampler tpe: {} is {}; above 0 and up to 1 is allowed", name, fraction));
  }
}

void check(const TpeOptions& options) {
  if (options.num_candidates == 0) {
    throw ConfigError("sampler tpe: num_candidates is 0; at least 1 is needed");
  }
  if (options.max_good == 0) throw ConfigError("sampler tpe: max_good is 0; at least 1 is needed");
  check_fraction("good_fraction", options.good_fraction);
  check_fraction("good_fraction_several", options.good_fraction_several);
  if (!(options.joint_share >= 0.0 && options.joint_share <= 1.0)) {
    throw ConfigError(
        fmt::format("sampler tpe: joint_share is {}; 0 to 1 is allowed", options.joint_share));
  }
  if (!(options.prior_weight > 0.0 &&
        options.prior_weight < std::numeric_limits<double>::infinity())) {
    throw ConfigError(
        fmt::format("sampler tpe: prior_weight is {}; it must be above 0", options.prior_weight));
  }
}

SplitOptions split_options(const trial::Problem& problem, const TpeOptions& options) {
  const bool has_several = problem.objectives.size() > 1;
  SplitOptions split;
  split.good_fraction = has_several ? options.good_fraction_several : options.good_fraction;
  split.max_good = options.max_good;
  // One more than the parameters is what a density needs to know every direction.
  split.least_at_step = std::max<std::size_t>(problem.space.size() + 1, 8);
  split.pending_are_bad = options.constant_liar;
  return split;
}

/// What a suggestion maximises: how much likelier a place is among the good than among the bad, by
/// the joint densities and by the product of those of single axes, each with its share.
class Tpe final : public Sampler {
 public:
  Tpe(space::Space space, const TpeOptions& options)
      : space_(std::move(space)),
        options_(options),
        axes_(make_axes()),
        joint_share_(options.multivariate && axes_.size() > 1 ? options.joint_share : 0.0),
        joint_bad_(axes_, options.prior_weight) {
    check(options_);
    for (const Axis& axis : axes_) axis_bad_.emplace_back(axis, options_.prior_weight);
    startup_ = options_.startup == TpeStartup::Sobol ? make_sobol(space_, {.seed = options_.seed})
                                                     : make_random(space_);
    is_finite_ = std::ranges::all_of(
        axes_, [](const Axis& axis) { return axis.kind() != AxisKind::Gaussian; });
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    update(history);
    if (observations_->num_ranked() < options_.num_startup) return startup_->suggest(history, rng);
    update_good(history);
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

  Places places_of(const space::Configuration& configuration) const {
    Places places;
    places.reserve(axes_.size());
    for (const Axis& axis : axes_) places.push_back(axis.place_of(space_, configuration));
    return places;
  }
  Places places_of(const trial::History& history, std::uint32_t number) const {
    return places_of(history.trials()[number].configuration());
  }

  void update(const trial::History& history) {
    if (!observations_) {
      observations_.emplace(history.problem().objectives.size(),
                            split_options(history.problem(), options_));
    }
    observations_->update(history);
    for (const auto& [number, side] : observations_->changes()) {
      if (number >= is_bad_.size()) is_bad_.resize(number + std::size_t{1}, false);
      if (is_bad_[number] == (side == Side::Bad)) continue;
      is_bad_[number] = side == Side::Bad;
      change_bad(history, number);
    }
    if (is_finite_) tried_.update(history);
  }

  /// A trial has come to the bad ones or has left them.
  void change_bad(const trial::History& history, std::uint32_t number) {
    const Places places = places_of(history, number);
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      if (is_bad_[number]) {
        axis_bad_[a].add(places[a]);
      } else {
        axis_bad_[a].remove(places[a]);
      }
    }
    if (joint_share_ == 0.0) return;
    const auto change = is_bad_[number] ? sample_.insert(number) : sample_.erase(number);
    if (change.left) joint_bad_.remove(*change.left);
    if (change.entered) joint_bad_.add(*change.entered, places_of(history, *change.entered));
  }

  /// Most trials are not among the best: the densities of these mostly stay as they are.
  void update_good(const trial::History& history) {
    const auto& numbers = observations_->good();
    std::vector<std::size_t> ranks(numbers.size(), 0);
    if (options_.weights_by_rank) ranks = observations_->good_places();
    if (joint_good_ && numbers == good_numbers_ && ranks == good_ranks_) return;
    good_numbers_ = numbers;
    good_ranks_ = std::move(ranks);
    good_ = good_trials(history, good_numbers_, good_ranks_);
    axis_good_.clear();
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      axis_good_.emplace_back(axes_[a], a, good_, options_.prior_weight);
    }
    joint_good_.emplace(axes_, good_, options_.prior_weight);
  }

  /// Weights fall evenly from the best to the last; their mean is 1.
  std::vector<GoodTrial> good_trials(const trial::History& history,
                                     std::span<const std::uint32_t> numbers,
                                     std::span<const std::size_t> ranks) const {
    const auto count = static_cast<double>(numbers.size());
    double sum = 0.0;
    std::vector<GoodTrial> good;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      good.push_back({places_of(history, numbers[i]), 1.0 - static_cast<double>(ranks[i]) / count});
      sum += good.back().weight;
    }
    for (GoodTrial& trial : good) trial.weight *= count / sum;
    return good;
  }

  /// Up to num_candidates; forbidden draws are made again, but not for ever.
  std::vector<space::Configuration> draw_candidates(Rng& rng) const {
    constexpr std::size_t kDrawsPerCandidate = 20;
    std::vector<space::Configuration> candidates;
    std::vector<double> point(space_.size());
    const std::size_t max_draws = kDrawsPerCandidate * options_.num_candidates;
    for (std::size_t i = 0; i < max_draws && candidates.size() < options_.num_candidates; ++i) {
      for (std::size_t a = 0; a < axes_.size(); ++a) point[a] = axis_good_[a].draw(rng);
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
    if (joint_share_ < 1.0) {
      for (std::size_t i = 0; i < gains.size(); ++i) {
        gains[i] = (1.0 - joint_share_) * gain_by_axes(places[i]);
      }
    }
    if (joint_share_ > 0.0) {
      const std::vector<double> bad = joint_bad_.log_densities(places);
      for (std::size_t i = 0; i < gains.size(); ++i) {
        gains[i] += joint_share_ * (joint_good_->log_density(places[i]) - bad[i]);
      }
    }
    return static_cast<std::size_t>(std::ranges::max_element(gains) - gains.begin());
  }

  double gain_by_axes(const Places& at) {
    double gain = 0.0;
    double ratio = 1.0;  // several axes share a logarithm, as long as no digits are lost
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      if (!at[a].is_active) continue;
      ratio *= axis_good_[a].density(at[a]) / axis_bad_[a].density(at[a]);
      if (ratio > 1e-100 && ratio < 1e100) continue;
      gain += std::log(ratio);
      ratio = 1.0;
    }
    return gain + std::log(ratio);
  }

  space::Space space_;
  TpeOptions options_;
  std::vector<Axis> axes_;
  double joint_share_;
  BoundedSample sample_{kMaxJointKernels};   // of the bad trials
  BadDensity joint_bad_;                     // over the sample
  std::vector<BadAxisDensity> axis_bad_;     // over all of them
  std::vector<bool> is_bad_;                 // by trial
  std::vector<std::uint32_t> good_numbers_;  // what the next three are made of
  std::vector<std::size_t> good_ranks_;
  std::vector<GoodTrial> good_;
  std::vector<GoodAxisDensity> axis_good_;
  std::optional<GoodDensity> joint_good_;
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
