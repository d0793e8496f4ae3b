#include "sm2_search.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "wattune/base/require.hpp"

namespace wattune::strategies {

void Sm2Search::follow(const trial::History& history) {
  if (halvings_.empty()) {
    follow_probes(history);
    if (!probe_.is_done() || has_failed() || !rates_.is_done()) return;
    begin_first(history);
  }
  take_in_trials(history);
  settle(history);
}

void Sm2Search::close(const trial::History& history) {
  halving().close();
  settle(history);
}

void Sm2Search::follow_probes(const trial::History& history) {
  if (!batch_sizes_.empty()) {
    probe_ = follow_probe(history, batch_sizes_, options_);
    if (!probe_.is_done()) return;
    window_ = efficiency_window(probe_.sizes, options_.window_tolerance);
    if (window_.empty()) return;
  }
  if (options_.rate_search == RateSearch::RangeTest) {
    rates_ = follow_range_test(history, rate_test_size(), options_);
  }
}

bool Sm2Search::has_two_halvings(const trial::Problem& problem) const {
  return options_.order == Sm2Order::BatchSizeFirst && !window_.empty() &&
         plan_batch_sizes(problem, window_).slots.size() > 1;
}

void Sm2Search::begin_first(const trial::History& history) {
  const trial::Problem& problem = history.problem();
  const bool is_first_of_two = has_two_halvings(problem);
  CandidatePlan plan = is_first_of_two ? plan_batch_sizes(problem, window_)
                                       : plan_candidates(problem, window_, rates_, 0, options_);
  Ladder ladder = make_ladder(problem, probe_.sizes, window_, plan.slots.size(), options_);
  halvings_.emplace_back(std::move(plan), std::move(ladder), options_,
                         is_first_of_two ? Winner::IsChosen : Winner::IsTrained);
}

/// Learning rates at the batch size that has won; its candidate is one of them, as far as it came.
void Sm2Search::begin_second(const trial::History& history) {
  const trial::Problem& problem = history.problem();
  const std::optional<TrialId> chosen = halving().winner();
  std::optional<double> size;
  if (chosen) size = batch_size_in(problem.space, history.trial(*chosen).configuration());
  std::int64_t batch_size = size ? static_cast<std::int64_t>(*size) : window_.front();
  double least = std::numeric_limits<double>::infinity();
  for (const ProbedSize& probed : probe_.sizes) {  // where all have failed: the cheapest
    const bool is_cheaper = probed.is_usable() && probed.joules_per_unit.value_or(least) < least;
    if (size || !is_cheaper) continue;
    least = *probed.joules_per_unit;
    batch_size = probed.batch_size;
  }
  const std::array window{batch_size};
  const std::size_t first_slot = halving().plan().slots.size();
  const std::size_t first_rung = halving().rung() + 1;
  CandidatePlan plan = plan_candidates(problem, window, rates_, first_slot, options_);
  const std::size_t num_candidates = plan.slots.size() + (chosen ? 1 : 0);
  Ladder ladder = make_ladder(problem, probe_.sizes, window, num_candidates, options_);
  halvings_.emplace_back(std::move(plan), std::move(ladder), options_, Winner::IsTrained);
  if (chosen) halving().carry(history, {*chosen, first_rung});
}

void Sm2Search::take_in_trials(const trial::History& history) {
  const auto trials = history.trials();
  for (; num_trials_seen_ < trials.size(); ++num_trials_seen_) {
    const trial::Trial& trial = trials[num_trials_seen_];
    if (trial.purpose() != trial::Purpose::Search) continue;
    if (trial.bracket() > bracket()) {
      close(history);
      WATTUNE_REQUIRE(trial.bracket() == bracket());
    }
    halving().add(history, trial.id());
  }
}

void Sm2Search::settle(const trial::History& history) {
  halving().follow(history);
  const bool is_second_due =
      halvings_.size() == 1 && halving().is_ended() && has_two_halvings(history.problem());
  if (!is_second_due) return;
  begin_second(history);
  halving().follow(history);
}

}  // namespace wattune::strategies
