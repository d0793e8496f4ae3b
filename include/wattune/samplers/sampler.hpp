#pragma once

#include <optional>
#include <string>

#include "wattune/base/random.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::samplers {

/// Proposes configurations to try.
///
/// A suggestion is a function of the history and the random stream alone. What a sampler keeps
/// between calls is a cache of the history: a new object given the same history suggests the same.
/// How far an observation can be trusted is what trial::NoiseModel tells of the same history.
///
/// Threads  one thread per sampler
class Sampler {
 public:
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  virtual ~Sampler() = default;

  /// The next configuration: inside the space, not forbidden. Nothing when the sampler has no more
  /// to offer. The history only grows from call to call.
  [[nodiscard]] virtual std::optional<space::Configuration> suggest(const trial::History& history,
                                                                    Rng& rng) = 0;

  /// Name and settings, for screens and records.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  Sampler() = default;
};

}  // namespace wattune::samplers
