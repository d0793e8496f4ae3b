#include "wattune/samplers/list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/result.hpp"

namespace wattune::samplers {
namespace {

class ListSampler final : public Sampler {
 public:
  explicit ListSampler(std::vector<space::Configuration> configurations)
      : configurations_(std::move(configurations)), was_tried_(configurations_.size(), false) {}

  std::optional<space::Configuration> suggest(const trial::History& history, Rng&) override {
    const auto trials = history.trials();
    for (; num_seen_ < trials.size(); ++num_seen_) {
      if (trials[num_seen_].purpose() == trial::Purpose::Search) note(trials[num_seen_]);
    }
    const auto next = std::ranges::find(was_tried_, false);
    if (next == was_tried_.end()) return std::nullopt;
    return configurations_[static_cast<std::size_t>(next - was_tried_.begin())];
  }

  std::string describe() const override {
    return fmt::format("list of {} configurations", configurations_.size());
  }

 private:
  void note(const trial::Trial& trial) {
    for (std::size_t i = 0; i < configurations_.size(); ++i) {
      if (trial.configuration() == configurations_[i]) was_tried_[i] = true;
    }
  }

  std::vector<space::Configuration> configurations_;
  std::vector<bool> was_tried_;
  std::size_t num_seen_ = 0;
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
