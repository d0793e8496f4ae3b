#include "wattune/samplers/sobol.hpp"

#include <algorithm>
#include <limits>

#include "numbered_points.hpp"
#include "wattune/base/result.hpp"
#include "wattune/math/sobol.hpp"

namespace wattune::samplers {
namespace {

constexpr std::uint64_t kMaxSkips = 10'000;

std::size_t checked_dimension(const space::Space& space) {
  if (space.size() > math::SobolSequence::kMaxDimension) {
    throw ConfigError("sampler sobol: the space has " + std::to_string(space.size()) +
                      " parameters; at most " + std::to_string(math::SobolSequence::kMaxDimension) +
                      " are possible");
  }
  return std::max<std::size_t>(1, space.size());
}

class Sobol final : public Sampler {
 public:
  Sobol(space::Space space, const SobolOptions& options)
      : space_(std::move(space)), sequence_(checked_dimension(space_), options.seed) {}

  std::optional<space::Configuration> suggest(const trial::History& history,
                                              Rng& /*rng*/) override {
    return points_.allowed(num_sampled_.of(history), kMaxSkips,
                           [this](std::uint64_t number) { return point(number); });
  }

  std::string describe() const override { return "Sobol, scrambled"; }

 private:
  std::optional<NumberedPoint> point(std::uint64_t number) const {
    if (number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    std::vector<double> coordinates = sequence_.point(static_cast<std::uint32_t>(number));
    coordinates.resize(space_.size());
    space::Configuration configuration = space_.from_unit(coordinates);
    if (space_.is_forbidden(configuration)) return NumberedPoint{std::nullopt, number + 1};
    return NumberedPoint{std::move(configuration), number + 1};
  }

  space::Space space_;
  math::SobolSequence sequence_;
  SamplerTrialCount num_sampled_;
  NumberedPoints points_;
};

}  // namespace

std::unique_ptr<Sampler> make_sobol(space::Space space, const SobolOptions& options) {
  return std::make_unique<Sobol>(std::move(space), options);
}

}  // namespace wattune::samplers
