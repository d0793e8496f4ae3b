#pragma once

#include <cstdint>
#include <memory>

#include "wattune/samplers/sampler.hpp"

namespace wattune::samplers {

struct SobolOptions {
  std::uint64_t seed = 0;  ///< Of the scrambling.
};

/// Takes the points of a scrambled Sobol sequence one after another; forbidden ones are skipped.
///
/// The n-th configuration that comes from the sampler is the n-th allowed point, whatever became of
/// the others.
///
/// Errors   ConfigError  more parameters than math::SobolSequence::kMaxDimension
/// Source   see math::SobolSequence
/// Differs  the sequence is over all parameters, so that an inactive one uses up its coordinate
[[nodiscard]] std::unique_ptr<Sampler> make_sobol(space::Space space, const SobolOptions& options);

}  // namespace wattune::samplers
