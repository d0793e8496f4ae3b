#include "wattune/samplers/grid.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "numbered_points.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

constexpr std::uint64_t kMaxCombinations = 1'000'000'000'000'000;

/// Orders 0 .. count - 1 at random without storing the order: a Feistel network over the next even
/// power of two, walked until it falls below `count`.
class Shuffle {
 public:
  Shuffle(std::uint64_t count, std::uint64_t seed)
      : count_(count),
        half_bits_((static_cast<int>(std::bit_width(count > 1 ? count - 1 : 1)) + 1) / 2),
        seed_(seed) {}

  std::uint64_t operator()(std::uint64_t position) const {
    do position = round_trip(position);
    while (position >= count_);
    return position;
  }

 private:
  std::uint64_t round_trip(std::uint64_t number) const {
    constexpr std::uint64_t kRounds = 6;
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = number >> half_bits_;
    std::uint64_t right = number & mask;
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      const std::uint64_t mixed = left ^ (mix_seed(seed_ + round, right) & mask);
      left = right;
      right = mixed;
    }
    return left << half_bits_ | right;
  }

  std::uint64_t count_;
  int half_bits_;
  std::uint64_t seed_;
};

/// Coordinates of `count` evenly spaced points of a continuous parameter.
std::vector<double> even_coordinates(std::size_t count, bool upper_bound) {
  std::vector<double> coordinates;
  const std::size_t num_gaps = upper_bound ? count - 1 : count;
  for (std::size_t i = 0; i < count; ++i) {
    coordinates.push_back(num_gaps == 0 ? 0.0
                                        : static_cast<double>(i) / static_cast<double>(num_gaps));
  }
  return coordinates;
}

/// `count` of the values of a discrete parameter, both ends included, evenly over the cube.
std::vector<double> discrete_coordinates(const space::Space& space, std::size_t parameter_index,
                                         std::size_t count) {
  std::vector<double> coordinates;
  for (const double even : even_coordinates(count, true)) {
    const double coordinate = space.encode(parameter_index, space.decode(parameter_index, even));
    if (coordinates.empty() || coordinate > coordinates.back()) coordinates.push_back(coordinate);
  }
  return coordinates;
}

std::vector<double> all_integers(const space::Space& space, std::size_t parameter_index,
                                 const space::IntDomain& domain) {
  std::vector<double> coordinates;
  for (std::int64_t value = domain.low; value <= domain.high; value += domain.step) {
    coordinates.push_back(space.encode(parameter_index, value));
    if (domain.high - value < domain.step) break;  // the next one might not be representable
  }
  return coordinates;
}

std::size_t points_of(const space::Parameter& parameter, const GridOptions& options) {
  const auto named = options.points.find(parameter.name);
  if (named != options.points.end()) return named->second;
  if (std::holds_alternative<space::FloatDomain>(parameter.domain)) return options.points_per_float;
  if (std::holds_alternative<space::IntDomain>(parameter.domain) && options.points_per_int) {
    return *options.points_per_int;
  }
  return std::numeric_limits<std::size_t>::max();
}

std::vector<double> axis_of(const space::Space& space, std::size_t parameter_index,
                            const GridOptions& options) {
  const space::Parameter& parameter = space.parameters()[parameter_index];
  const std::size_t num_points = points_of(parameter, options);
  if (num_points == 0) {
    throw ConfigError("sampler grid: 0 points for parameter \"" + parameter.name +
                      "\"; at least 1 is needed");
  }
  const std::optional<std::size_t> num_values = space.num_values(parameter_index);
  if (!num_values) return even_coordinates(num_points, options.upper_bound);
  const auto* integers = std::get_if<space::IntDomain>(&parameter.domain);
  if (*num_values > num_points) return discrete_coordinates(space, parameter_index, num_points);
  if (*num_values > kMaxCombinations) {
    throw ConfigError("sampler grid: parameter \"" + parameter.name +
                      "\" has too many values; set its points");
  }
  if (integers != nullptr) return all_integers(space, parameter_index, *integers);
  std::vector<double> middles;  // choices and steps own equal parts of [0, 1]
  for (std::size_t i = 0; i < *num_values; ++i) {
    middles.push_back((static_cast<double>(i) + 0.5) / static_cast<double>(*num_values));
  }
  return middles;
}

/// Parameters such that parents come before children and otherwise in their own order.
std::vector<std::size_t> parents_first(const space::Space& space) {
  std::vector<std::size_t> order;
  std::vector<bool> is_placed(space.size(), false);
  while (order.size() < space.size()) {
    for (std::size_t i = 0; i < space.size(); ++i) {
      const auto& conditions = space.parameters()[i].when;
      const bool is_ready = std::ranges::all_of(conditions, [&](const space::Condition& condition) {
        return is_placed[*space.index_of(condition.parent)];
      });
      if (is_placed[i] || !is_ready) continue;
      is_placed[i] = true;
      order.push_back(i);
    }
  }
  return order;
}

class Grid final : public Sampler {
 public:
  Grid(space::Space space, const GridOptions& options)
      : space_(std::move(space)),
        order_(parents_first(space_)),
        axes_(make_axes(options)),
        num_combinations_(count_combinations()),
        is_shuffled_(options.order == GridOrder::Shuffled),
        most_(options.count.value_or(std::numeric_limits<std::size_t>::max())),
        shuffle_(num_combinations_, options.seed) {
    if (most_ == 0) throw ConfigError("sampler grid: count is 0; at least 1 is needed");
  }

  std::optional<space::Configuration> suggest(const trial::History& history,
                                              Rng& /*rng*/) override {
    note_default(history);
    const std::size_t num_sampled = num_sampled_.of(history);
    if (num_sampled >= most_) return std::nullopt;
    return points_.allowed(num_sampled, num_combinations_,
                           [this](std::uint64_t number) { return point(number); });
  }

  std::string describe() const override {
    std::string text = "grid of " + std::to_string(num_combinations_) + " combinations";
    if (is_shuffled_) text += ", shuffled";
    if (most_ < num_combinations_) text += ", " + std::to_string(most_) + " of them";
    return text;
  }

 private:
  /// A study that tries its default configuration tries it first; the grid does not repeat it.
  void note_default(const trial::History& history) {
    const auto trials = history.trials();
    if (trials.empty() || trials.front().origin() != trial::Origin::Default) return;
    tried_default_ = trials.front().configuration();
  }

  std::vector<std::vector<double>> make_axes(const GridOptions& options) const {
    for (const auto& [name, count] : options.points) {
      if (!space_.index_of(name)) {
        throw ConfigError("sampler grid: points for \"" + name + "\", which is not a parameter");
      }
    }
    std::vector<std::vector<double>> axes;
    for (const std::size_t parameter : order_) axes.push_back(axis_of(space_, parameter, options));
    return axes;
  }

  std::uint64_t count_combinations() const {
    std::uint64_t count = 1;
    for (const auto& axis : axes_) {
      if (axis.size() > kMaxCombinations / count) {
        throw ConfigError(
            "sampler grid: more than 10^15 combinations; use fewer points per parameter");
      }
      count *= axis.size();
    }
    return count;
  }

  std::optional<NumberedPoint> point(std::uint64_t number) const {
    if (number >= num_combinations_) return std::nullopt;
    if (!is_shuffled_) return combination(number);
    NumberedPoint found = combination(shuffle_(number));
    found.next = number + 1;
    return found;
  }

  /// The combination with this number, its first axis being the most significant digit. Only the
  /// first value of an inactive parameter counts, the others would repeat it.
  NumberedPoint combination(std::uint64_t number) const {
    std::vector<double> coordinates(space_.size());
    std::uint64_t rest = number;
    for (std::size_t axis = axes_.size(); axis-- > 0;) {
      coordinates[order_[axis]] = axes_[axis][rest % axes_[axis].size()];
      rest /= axes_[axis].size();
    }
    space::Configuration configuration = space_.from_unit(coordinates);
    std::uint64_t stride = num_combinations_;
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      const std::uint64_t block = stride;
      stride /= axes_[axis].size();
      const bool repeats = !configuration.is_active(order_[axis]) && number % block / stride != 0;
      // Whether this axis is active depends on more significant digits alone: the rest of its
      // values can be jumped over.
      if (repeats) return {std::nullopt, (number / block + 1) * block};
    }
    const bool is_left_out = space_.is_forbidden(configuration) || configuration == tried_default_;
    if (is_left_out) return {std::nullopt, number + 1};
    return {std::move(configuration), number + 1};
  }

  space::Space space_;
  std::vector<std::size_t> order_;
  std::vector<std::vector<double>> axes_;
  std::uint64_t num_combinations_;
  bool is_shuffled_;
  std::size_t most_;
  Shuffle shuffle_;
  std::optional<space::Configuration> tried_default_;
  SamplerTrialCount num_sampled_;
  NumberedPoints points_;
};

}  // namespace

std::unique_ptr<Sampler> make_grid(space::Space space, const GridOptions& options) {
  return std::make_unique<Grid>(std::move(space), options);
}

}  // namespace wattune::samplers
