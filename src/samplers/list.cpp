#include "wattune/samplers/list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

class ListSampler final : public Sampler {
 public:
  explicit ListSampler(std::vector<space::Configuration> configurations)
      : configurations_(std::move(configurations)) {}

  std::optional<space::Configuration> suggest(const trial::History& history, Rng&) override {
    for (const space::Configuration& configuration : configurations_) {
      const bool was_tried = std::ranges::any_of(history.trials(), [&](const trial::Trial& trial) {
        return trial.purpose() == trial::Purpose::Search && trial.configuration() == configuration;
      });
      if (!was_tried) return configuration;
    }
    return std::nullopt;
  }

  std::string describe() const override {
    return fmt::format("list of {} configurations", configurations_.size());
  }

 private:
  std::vector<space::Configuration> configurations_;
};

}  // namespace

std::unique_ptr<Sampler> make_list(space::Space space,
                                   std::vector<space::Configuration> configurations) {
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    if (space.contains(configurations[i])) continue;
    throw ConfigError(fmt::format("configuration {} of the list is not in the search space", i));
  }
  return std::make_unique<ListSampler>(std::move(configurations));
}

}  // namespace wattune::samplers
