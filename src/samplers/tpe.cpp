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
#include "product_log.hpp"
#include "tried.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/samplers/sobol.hpp"

namespace wattune::samplers {
namespace {

/// Of the bad trials, as many as this stand in the joint density: what lies beyond makes it no
/// truer than its bandwidth allows, but would make a suggestion slower with every trial.
constexpr std::size_t kMaxJointKernels = 128;

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
    for (const Axis& axis : axes_) {
      axis_bad_.emplace_back(axis, options_.prior_weight, binned_kernels_);
    }
    startup_ = options_.startup == TpeStartup::Sobol ? make_sobol(space_, {.seed = options_.seed})
                                                     : make_random(space_);
    is_plain_ = space_.forbidden().empty() && std::ranges::none_of(axes_, &Axis::is_conditional);
    is_finite_ = std::ranges::all_of(
        axes_, [](const Axis& axis) { return axis.kind() != AxisKind::Gaussian; });
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    update(history);
    if (observations_->num_ranked() < options_.num_startup) return startup_->suggest(history, rng);
    update_good(history);
    Candidates candidates = draw_candidates(rng);
    if (is_finite_) candidates = preferably_untried(std::move(candidates), rng);
    if (candidates.places.empty()) return startup_->suggest(history, rng);
    return space_.from_unit(point_of(candidates, most_likely_good(candidates.places)));
  }

  std::string describe() const override {
    return fmt::format("TPE, {}, {} candidates, best {:g} % up to {}",
                       options_.multivariate ? "multivariate" : "univariate",
                       options_.num_candidates, 100.0 * options_.good_fraction, options_.max_good);
  }

 private:
  struct Candidates {
    std::vector<double> points;  // [num_candidates x size of the space]
    std::vector<Places> places;
  };

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
    if (!axis_good_.empty() && numbers == good_numbers_ && ranks == good_ranks_) return;
    good_numbers_ = numbers;
    good_ranks_ = std::move(ranks);
    good_ = good_trials(history, good_numbers_, good_ranks_);
    axis_good_.clear();
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      axis_good_.emplace_back(axes_[a], a, good_, options_.prior_weight);
    }
    if (joint_share_ > 0.0) joint_good_ = good_density(axes_, good_, options_.prior_weight);
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

  std::span<const double> point_of(const Candidates& candidates, std::size_t index) const {
    return std::span{candidates.points}.subspan(index * space_.size(), space_.size());
  }

  void keep(std::span<const double> point, Places places, Candidates& candidates) const {
    candidates.points.insert(candidates.points.end(), point.begin(), point.end());
    candidates.places.push_back(std::move(places));
  }

  /// Nothing where the point is forbidden.
  std::optional<Places> places_at(std::span<const double> point) const {
    if (!is_plain_) {
      const space::Configuration configuration = space_.from_unit(point);
      if (space_.is_forbidden(configuration)) return std::nullopt;
      return places_of(configuration);
    }
    Places places;
    places.reserve(axes_.size());
    for (std::size_t a = 0; a < axes_.size(); ++a) places.push_back(axes_[a].place_at(point[a]));
    return places;
  }

  /// Up to num_candidates; forbidden draws are made again, but not for ever.
  Candidates draw_candidates(Rng& rng) const {
    constexpr std::size_t kMaxRounds = 20;
    const std::size_t size = space_.size();
    Candidates candidates;
    for (std::size_t round = 0; round < kMaxRounds; ++round) {
      const std::size_t num_missing = options_.num_candidates - candidates.places.size();
      if (num_missing == 0) break;
      std::vector<double> points(num_missing * size);
      for (std::size_t a = 0; a < size; ++a) {
        axis_good_[a].draw(rng, std::span{points}.subspan(a), size);
      }
      for (std::size_t i = 0; i < num_missing; ++i) {
        const auto point = std::span{points}.subspan(i * size, size);
        if (auto places = places_at(point)) keep(point, std::move(*places), candidates);
      }
    }
    return candidates;
  }

  /// A configuration's second trial costs a training and tells little: the untried candidates, or
  /// an untried one from anywhere, or all of them after all.
  Candidates preferably_untried(Candidates candidates, Rng& rng) const {
    constexpr int kMaxDraws = 100;
    Candidates untried;
    for (std::size_t i = 0; i < candidates.places.size(); ++i) {
      const auto point = point_of(candidates, i);
      if (tried_.contains(space_.from_unit(point))) continue;
      keep(point, std::move(candidates.places[i]), untried);
    }
    if (!untried.places.empty()) return untried;
    for (int draw = 0; draw < kMaxDraws; ++draw) {
      const auto drawn = space_.sample(rng);
      if (!drawn) break;
      if (tried_.contains(*drawn)) continue;
      keep(space_.to_unit(*drawn), places_of(*drawn), untried);
      return untried;
    }
    return candidates;
  }

  std::size_t most_likely_good(std::span<const Places> places) {
    std::vector<double> gains(places.size(), 0.0);
    if (joint_share_ < 1.0) add_gains_by_axes(places, gains);
    if (joint_share_ > 0.0) {
      const std::vector<double> good = joint_good_->log_densities(places);
      const std::vector<double> bad = joint_bad_.log_densities(places);
      for (std::size_t i = 0; i < gains.size(); ++i) {
        gains[i] += joint_share_ * (good[i] - bad[i]);
      }
    }
    return static_cast<std::size_t>(std::ranges::max_element(gains) - gains.begin());
  }

  void add_gains_by_axes(std::span<const Places> points, std::span<double> gains) {
    std::vector<ProductLog> ratios(points.size());
    std::vector<double> good(points.size());
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      axis_good_[a].find_densities(points, good);
      for (std::size_t i = 0; i < points.size(); ++i) {
        const Place& at = points[i][a];
        if (at.is_active) ratios[i].multiply(good[i] / axis_bad_[a].density(at));
      }
    }
    for (std::size_t i = 0; i < gains.size(); ++i) {
      gains[i] += (1.0 - joint_share_) * ratios[i].log();
    }
  }

  space::Space space_;
  TpeOptions options_;
  std::vector<Axis> axes_;
  double joint_share_;
  BoundedSample sample_{kMaxJointKernels};   // of the bad trials
  BadDensity joint_bad_;                     // over the sample
  BinnedKernelsByBandwidth binned_kernels_;  // of these
  std::vector<BadAxisDensity> axis_bad_;     // over all of them
  std::vector<bool> is_bad_;                 // by trial
  std::vector<std::uint32_t> good_numbers_;  // what the next three are made of
  std::vector<std::size_t> good_ranks_;
  std::vector<GoodTrial> good_;
  std::vector<GoodAxisDensity> axis_good_;
  std::optional<ProductKernels> joint_good_;
  std::unique_ptr<Sampler> startup_;
  std::optional<Observations> observations_;
  bool is_plain_ = false;  // every point is allowed and has all parameters
  bool is_finite_ = false;
  Tried tried_;  // in a finite space
};

}  // namespace

std::unique_ptr<Sampler> make_tpe(space::Space space, const TpeOptions& options) {
  return std::make_unique<Tpe>(std::move(space), options);
}

}  // namespace wattune::samplers
