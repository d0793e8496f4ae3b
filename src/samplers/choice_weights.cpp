#include "choice_weights.hpp"

#include <algorithm>

#include "wattune/base/require.hpp"

namespace wattune::samplers {

ChoiceWeights::ChoiceWeights(std::size_t num_choices, double rate, double least)
    : probabilities_(num_choices, 1.0 / static_cast<double>(num_choices)),
      rate_(rate),
      least_(least) {
  WATTUNE_REQUIRE(num_choices >= 2 && least * static_cast<double>(num_choices) < 1.0);
}

std::size_t ChoiceWeights::draw(Rng& rng) const {
  double left = rng.uniform();
  for (std::size_t i = 0; i + 1 < probabilities_.size(); ++i) {
    left -= probabilities_[i];
    if (left < 0.0) return i;
  }
  return probabilities_.size() - 1;
}

void ChoiceWeights::learn(std::span<const WeightedChoice> chosen) {
  double total = 0.0;
  std::vector<double> shares(probabilities_.size(), 0.0);
  for (const WeightedChoice& one : chosen) {
    if (!one.choice) continue;
    shares[*one.choice] += one.weight;
    total += one.weight;
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    probabilities_[i] += rate_ * (shares[i] - total * probabilities_[i]);
    probabilities_[i] = std::max(probabilities_[i], least_);
  }
  double sum = 0.0;
  for (const double probability : probabilities_) sum += probability;
  // What the margin has added is taken from those that lie above it, in proportion.
  const double spare = sum - least_ * static_cast<double>(probabilities_.size());
  for (double& probability : probabilities_) {
    probability -= (sum - 1.0) * (probability - least_) / spare;
  }
}

}  // namespace wattune::samplers
