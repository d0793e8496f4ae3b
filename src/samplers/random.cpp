#include "wattune/samplers/random.hpp"

namespace wattune::samplers {
namespace {

class Random final : public Sampler {
 public:
  explicit Random(space::Space space) : space_(std::move(space)) {}

  std::optional<space::Configuration> suggest(const trial::History& /*history*/,
                                              Rng& rng) override {
    Result<space::Configuration> drawn = space_.sample(rng);
    if (!drawn) return std::nullopt;  // next to everything is forbidden
    return std::move(*drawn);
  }

  std::string describe() const override { return "random"; }

 private:
  space::Space space_;
};

}  // namespace

std::unique_ptr<Sampler> make_random(space::Space space) {
  return std::make_unique<Random>(std::move(space));
}

}  // namespace wattune::samplers
