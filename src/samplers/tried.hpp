#pragma once

#include <cstddef>
#include <set>

#include "wattune/space/configuration.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::samplers {

/// The configurations that a history has trials of; remembers how far it has looked.
class Tried {
 public:
  void update(const trial::History& history) {
    const auto trials = history.trials();
    for (; num_seen_ < trials.size(); ++num_seen_) {
      configurations_.insert(trials[num_seen_].configuration());
    }
  }
  [[nodiscard]] bool contains(const space::Configuration& configuration) const {
    return configurations_.contains(configuration);
  }

 private:
  std::set<space::Configuration> configurations_;
  std::size_t num_seen_ = 0;
};

}  // namespace wattune::samplers
