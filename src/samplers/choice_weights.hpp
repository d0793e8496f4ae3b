#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "wattune/base/random.hpp"

namespace wattune::samplers {

/// A choice that was made and how much it attracts.
struct WeightedChoice {
  std::optional<std::size_t> choice;  ///< Nothing where the parameter was inactive.
  double weight = 0.0;
};

/// Probabilities of the choices of one parameter; none ever falls below a least one.
///
/// Source   Hamano et al., GECCO 2024, doi:10.1145/3638529.3654198, section 4.3 (margin)
/// Differs  the probabilities move by a fixed rate, not by a natural gradient of adapted length
class ChoiceWeights {
 public:
  /// Takes    num_choices  at least 2; rate  of learning; least  probability of each choice
  ChoiceWeights(std::size_t num_choices, double rate, double least);

  [[nodiscard]] std::span<const double> probabilities() const { return probabilities_; }
  [[nodiscard]] std::size_t draw(Rng& rng) const;
  /// Takes    chosen  weights that add up to 1 at most
  void learn(std::span<const WeightedChoice> chosen);

 private:
  std::vector<double> probabilities_;
  double rate_;
  double least_;
};

}  // namespace wattune::samplers
