#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>

#include "wattune/samplers/sampler.hpp"

namespace wattune {

/// Draws from the space without looking, until the study has a number of search trials.
class UniformSampler final : public samplers::Sampler {
 public:
  explicit UniformSampler(std::size_t max_trials = std::numeric_limits<std::size_t>::max())
      : max_trials_(max_trials) {}

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    const auto num_search = std::ranges::count_if(history.trials(), [](const trial::Trial& trial) {
      return trial.purpose() == trial::Purpose::Search;
    });
    if (static_cast<std::size_t>(num_search) >= max_trials_) return std::nullopt;
    auto configuration = history.problem().space.sample(rng);
    if (!configuration) return std::nullopt;
    return *std::move(configuration);
  }

  std::string describe() const override { return "uniform"; }

 private:
  std::size_t max_trials_;
};

}  // namespace wattune
