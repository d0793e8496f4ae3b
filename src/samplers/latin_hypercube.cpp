#include "wattune/samplers/latin_hypercube.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "numbered_points.hpp"
#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

constexpr std::uint64_t kMaxSkips = 10'000;
constexpr std::size_t kMaxCount = 10'000'000;

std::size_t checked_count(const space::Space& space, const LatinHypercubeOptions& options) {
  const std::size_t count = options.count.value_or(std::max<std::size_t>(1, 4 * space.size()));
  if (count >= 1 && count <= kMaxCount) return count;
  throw ConfigError(
      fmt::format("sampler latin_hypercube: count is {}; 1 to {} is allowed", count, kMaxCount));
}

class LatinHypercube final : public Sampler {
 public:
  LatinHypercube(space::Space space, const LatinHypercubeOptions& options)
      : space_(std::move(space)), count_(checked_count(space_, options)), seed_(options.seed) {}

  std::optional<space::Configuration> suggest(const trial::History& history,
                                              Rng& /*rng*/) override {
    return points_.allowed(num_sampled_.of(history), std::max<std::uint64_t>(kMaxSkips, count_),
                           [this](std::uint64_t number) { return point(number); });
  }

  std::string describe() const override {
    return fmt::format("Latin hypercube of {} points", count_);
  }

 private:
  /// Coordinates of a whole design, one column of `count` per parameter.
  void lay_out(std::uint64_t design) {
    if (design_ == design) return;
    design_ = design;
    coordinates_.clear();
    Rng rng{seed_, design};
    std::vector<std::size_t> parts(count_);
    for (std::size_t i = 0; i < space_.size(); ++i) {
      std::iota(parts.begin(), parts.end(), std::size_t{0});
      for (std::size_t left = count_; left > 1; --left) {
        std::swap(parts[left - 1], parts[rng.index(left)]);
      }
      for (const std::size_t part : parts) {
        coordinates_.push_back((static_cast<double>(part) + rng.uniform()) /
                               static_cast<double>(count_));
      }
    }
  }

  std::optional<NumberedPoint> point(std::uint64_t number) {
    lay_out(number / count_);
    const std::size_t row = number % count_;
    std::vector<double> coordinates(space_.size());
    for (std::size_t i = 0; i < space_.size(); ++i) {
      coordinates[i] = coordinates_[i * count_ + row];
    }
    space::Configuration configuration = space_.from_unit(coordinates);
    if (space_.is_forbidden(configuration)) return NumberedPoint{std::nullopt, number + 1};
    return NumberedPoint{std::move(configuration), number + 1};
  }

  space::Space space_;
  std::size_t count_;
  std::uint64_t seed_;
  std::uint64_t design_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<double> coordinates_;
  SamplerTrialCount num_sampled_;
  NumberedPoints points_;
};

}  // namespace

std::unique_ptr<Sampler> make_latin_hypercube(space::Space space,
                                              const LatinHypercubeOptions& options) {
  return std::make_unique<LatinHypercube>(std::move(space), options);
}

}  // namespace wattune::samplers
