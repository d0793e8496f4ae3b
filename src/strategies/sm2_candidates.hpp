#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sm2_rates.hpp"
#include "sm2_roles.hpp"
#include "tried.hpp"
#include "wattune/strategies/sm2.hpp"

namespace wattune::strategies {

/// What is fixed about a candidate; the sampler draws the rest.
struct CandidateSlot {
  bool is_default = false;                ///< The configuration of all defaults, as it is.
  Changes changes;                        ///< The batch size.
  std::optional<std::size_t> rate_index;  ///< Of the grid for the candidate's optimiser.
};

/// Stage 2: the candidates of one halving, decided as soon as the probe is done.
struct CandidatePlan {
  std::vector<CandidateSlot> slots;  ///< The default configuration first.
  std::size_t num_pairs = 0;         ///< Batch sizes times learning rates.
  RangeTest rates;                   ///< Which of the grid may be used.
  bool has_free_parameters = false;  ///< Something is left for the sampler to draw.
  std::size_t first_slot = 0;        ///< Number of the first slot within the study.
};

/// Batch sizes of the window times the grid of learning rates, capped at `max_candidates`.
///
/// A seeded order uses every learning rate and every batch size as often as any other, give or take
/// one. Where other parameters are free the pairs are gone through again with other draws until
/// there are `max_candidates`.
///
/// Takes    rates  of the range test; without one num_rates is 0
///          first_slot  slots of the halvings before; where there are some the default
///          configuration is among them
[[nodiscard]] CandidatePlan plan_candidates(const trial::Problem& problem,
                                            std::span<const std::int64_t> window,
                                            const RangeTest& rates, std::size_t first_slot,
                                            const Sm2Options& options);

/// The default configuration, and the base with each other batch size of the window.
[[nodiscard]] CandidatePlan plan_batch_sizes(const trial::Problem& problem,
                                             std::span<const std::int64_t> window);

/// A candidate's configuration that no trial has had; nothing where there is none.
struct Candidate {
  trial::Origin origin = trial::Origin::Sm2;
  space::Configuration configuration;
};
[[nodiscard]] std::optional<Candidate> make_candidate(const trial::History& history,
                                                      const CandidatePlan& plan,
                                                      std::size_t slot_index,
                                                      const Sm2Options& options,
                                                      samplers::Sampler& sampler, Tried& tried);

}  // namespace wattune::strategies
