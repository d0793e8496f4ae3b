#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "axis.hpp"
#include "wattune/base/random.hpp"
#include "wattune/samplers/variation.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// A configuration as a point of the unit cube; inactive parameters have no coordinate.
using Genome = std::vector<std::optional<double>>;

[[nodiscard]] Genome genome_of(const space::Space& space,
                               const space::Configuration& configuration);

/// Makes children by crossover and mutation.
///
/// Choices without order are exchanged, never blended, and mutate to another choice. A mutation of
/// an integer, a step or an ordinal moves it by one value at least. A parameter that is inactive in
/// one parent comes from the other; in both, anew from its whole domain.
///
/// Errors   ConfigError  a probability outside [0, 1], a negative index
/// Source   Deb, Agrawal, Complex Systems 9(2), 1995 (simulated binary crossover); Deb, Goyal,
///          Comput. Sci. Informatics 26(4), 1996 (polynomial mutation)
class Breeding {
 public:
  Breeding(const space::Space& space, const VariationOptions& options, std::string_view sampler);

  /// A child unlike both parents, or nothing where some draws in a row were forbidden.
  [[nodiscard]] std::optional<space::Configuration> child(const space::Space& space,
                                                          const Genome& first, const Genome& second,
                                                          Rng& rng) const;

 private:
  [[nodiscard]] double cross(std::size_t parameter, double first, double second, Rng& rng) const;
  [[nodiscard]] double mutate(const space::Space& space, std::size_t parameter, double coordinate,
                              Rng& rng) const;
  [[nodiscard]] std::vector<double> draw(const space::Space& space, const Genome& first,
                                         const Genome& second, Rng& rng) const;

  VariationOptions options_;
  std::vector<Axis> axes_;
  double mutation_probability_ = 1.0;
};

}  // namespace wattune::samplers
