#include "wattune/samplers/enqueued.hpp"

#include <fmt/format.h>

#include "wattune/base/require.hpp"
#include "wattune/samplers/list.hpp"

namespace wattune::samplers {
namespace {

class Enqueued final : public Sampler {
 public:
  Enqueued(std::unique_ptr<Sampler> first, std::size_t num_first, std::unique_ptr<Sampler> inner)
      : first_(std::move(first)), num_first_(num_first), inner_(std::move(inner)) {}

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    if (auto enqueued = first_->suggest(history, rng)) return enqueued;
    return inner_->suggest(history, rng);
  }

  std::string describe() const override {
    return fmt::format("{} given {}, then {}", num_first_,
                       num_first_ == 1 ? "configuration" : "configurations", inner_->describe());
  }

 private:
  std::unique_ptr<Sampler> first_;
  std::size_t num_first_;
  std::unique_ptr<Sampler> inner_;
};

}  // namespace

std::unique_ptr<Sampler> make_enqueued(space::Space space,
                                       std::vector<space::Configuration> configurations,
                                       std::unique_ptr<Sampler> inner) {
  WATTUNE_REQUIRE(inner != nullptr);
  const std::size_t num_first = configurations.size();
  return std::make_unique<Enqueued>(make_list(std::move(space), std::move(configurations)),
                                    num_first, std::move(inner));
}

}  // namespace wattune::samplers
