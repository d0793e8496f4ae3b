#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sm2_roles.hpp"
#include "tried.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

/// What is fixed about a candidate; the sampler draws the rest.
struct CandidateSlot {
  bool is_default = false;  ///< The configuration of all defaults, as it is.
  Changes changes;          ///< Batch size and learning rate.
};

/// Stage 2: the candidates, decided as soon as the probe is done.
struct CandidatePlan {
  std::vector<CandidateSlot> slots;  ///< The default configuration first.
  std::size_t num_pairs = 0;         ///< Batch sizes times learning rates.
  bool has_free_parameters = false;  ///< Something is left for the sampler to draw.
};

/// Batch sizes of the window times the grid of learning rates, capped at `max_candidates`.
///
/// A seeded order uses every learning rate and every batch size as often as any other, give or take
/// one. Where other parameters are free the pairs are gone through again with other draws until
/// there are `max_candidates`.
[[nodiscard]] CandidatePlan plan_candidates(const trial::Problem& problem,
                                            std::span<const std::int64_t> window,
                                            const Sm2Options& options);

/// A candidate's configuration that no trial has had; nothing where there is none.
struct Candidate {
  trial::Origin origin = trial::Origin::Sm2;
  space::Configuration configuration;
};
[[nodiscard]] std::optional<Candidate> make_candidate(const trial::History& history,
                                                      const CandidatePlan& plan,
                                                      std::size_t slot_index,
                                                      samplers::Sampler& sampler, Tried& tried);

}  // namespace wattune::strategies
