#pragma once

#include <memory>

#include "wattune/samplers/sampler.hpp"
#include "wattune/schedulers/scheduler.hpp"
#include "wattune/strategies/strategy.hpp"

namespace wattune::strategies {

/// Makes one strategy of a sampler, which says what is tried, and a scheduler, which says how far.
///
/// The configuration of all defaults is tried first, then what the user has enqueued. Trial n is
/// drawn from Rng(seed, n). No configuration is tried twice: where the sampler repeats one it is
/// asked again, and where it only repeats itself the space is searched for something new; if there
/// is nothing, the sampler counts as exhausted. The study is finished when the sampler is exhausted
/// and nothing is left to promote.
///
/// Takes    sampler, scheduler  of the same problem
/// Cost     O(trials) per decision, and what sampler and scheduler take
[[nodiscard]] std::unique_ptr<Strategy> compose(std::unique_ptr<samplers::Sampler> sampler,
                                                std::unique_ptr<schedulers::Scheduler> scheduler);

}  // namespace wattune::strategies
