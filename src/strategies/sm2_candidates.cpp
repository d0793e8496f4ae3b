#include "sm2_candidates.hpp"

#include <algorithm>
#include <utility>

#include "wattune/base/random.hpp"

namespace wattune::strategies {
namespace {

constexpr std::uint64_t kPairStream = 0x5332'0000'0000'0002;  // no trial has such a number
constexpr std::uint64_t kDrawStream = 0x5332'0001'0000'0000;  // plus the candidate's number
constexpr int kMaxAsked = 20;
constexpr int kMaxDrawn = 200;

template <typename T>
void shuffle(std::vector<T>& items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng.index(i)]);
}

/// Every pair once; any stretch of them uses each learning rate and each batch size about equally.
std::vector<CandidateSlot> spread_pairs(const std::vector<Changes>& batch_sizes,
                                        const std::vector<std::optional<std::size_t>>& rates) {
  std::vector<CandidateSlot> pairs;
  for (std::size_t round = 0; round < batch_sizes.size(); ++round) {
    for (std::size_t i = 0; i < rates.size(); ++i) {
      pairs.push_back({false, batch_sizes[(round + i) % batch_sizes.size()], rates[i]});
    }
  }
  return pairs;
}

std::vector<CandidateSlot> all_pairs(const trial::Problem& problem,
                                     std::span<const std::int64_t> window, std::size_t num_rates) {
  const space::Space& space = problem.space;
  std::vector<Changes> batch_sizes;
  if (const auto index = space.index_of(space::Role::BatchSize)) {
    for (const std::int64_t size : window) {
      batch_sizes.push_back({{space.parameters()[*index].name, space::Choice{size}}});
    }
  }
  std::vector<std::optional<std::size_t>> rates;
  for (std::size_t i = 0; i < num_rates; ++i) rates.emplace_back(i);
  if (batch_sizes.empty()) batch_sizes.emplace_back();
  if (rates.empty()) rates.emplace_back();
  Rng rng{problem.seed, kPairStream};
  shuffle(batch_sizes, rng);
  shuffle(rates, rng);
  return spread_pairs(batch_sizes, rates);
}

bool has_free_parameters(const space::Space& space) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    const bool has_role = i == space.index_of(space::Role::BatchSize) ||
                          i == space.index_of(space::Role::LearningRate);
    if (!has_role && space.num_values(i) != 1) return true;
  }
  return false;
}

/// The base configuration with what a slot fixes; nothing where the space does not allow it.
std::optional<space::Configuration> apply(const trial::Problem& problem, const CandidatePlan& plan,
                                          const CandidateSlot& slot,
                                          const space::Configuration& base,
                                          const Sm2Options& options) {
  auto configuration = with_changes(problem.space, base, slot.changes);
  if (!configuration || !slot.rate_index) return configuration;
  const OptimizerKind kind = optimizer_of(problem, *configuration, options);
  std::vector<space::Choice> rates = learning_rates_for(problem, kind, options);
  const bool was_tested = plan.rates.num_rates > 0 && kind == plan.rates.kind;
  if (was_tested) rates.resize(std::min(rates.size(), plan.rates.num_stable));
  if (rates.empty()) return std::nullopt;
  return with_changes(problem.space, *configuration,
                      rate_change(problem, rates[*slot.rate_index % rates.size()]));
}

/// Can candidates have optimisers of different kinds?
bool has_free_optimizer(const trial::Problem& problem, const Sm2Options& options) {
  if (options.optimizer != OptimizerKind::Auto) return false;
  for (const char* name : {"optimizer", "optimiser"}) {
    const auto index = problem.space.index_of(name);
    if (index && problem.space.num_values(*index) != 1) return true;
  }
  return false;
}

std::size_t num_rates_of(const trial::Problem& problem, const RangeTest& test,
                         const Sm2Options& options) {
  const bool is_cut = test.num_rates > 0 && !has_free_optimizer(problem, options);
  if (is_cut) return test.num_stable;
  const auto base = base_configuration(problem);
  const OptimizerKind kind = base ? optimizer_of(problem, *base, options) : OptimizerKind::None;
  return learning_rates_for(problem, kind, options).size();
}

}  // namespace

CandidatePlan plan_candidates(const trial::Problem& problem, std::span<const std::int64_t> window,
                              const RangeTest& rates, std::size_t first_slot,
                              const Sm2Options& options) {
  CandidatePlan plan;
  plan.rates = rates;
  plan.first_slot = first_slot;
  plan.has_free_parameters = has_free_parameters(problem.space);
  std::vector<CandidateSlot> pairs =
      all_pairs(problem, window, num_rates_of(problem, rates, options));
  plan.num_pairs = pairs.size();

  const auto defaults = problem.space.default_configuration();
  if (defaults && first_slot == 0) plan.slots.push_back({true, {}, std::nullopt});
  if (!plan.has_free_parameters) {  // then a pair is a whole configuration
    const auto base = base_configuration(problem);
    std::erase_if(pairs, [&](const CandidateSlot& pair) {
      const auto made = base ? apply(problem, plan, pair, *base, options) : std::nullopt;
      const bool had_its_turn =
          first_slot > 0 && made && made == with_changes(problem.space, *base, pair.changes);
      return !made || made == defaults || had_its_turn;
    });
  }
  for (std::size_t i = 0; first_slot + plan.slots.size() < options.max_candidates && !pairs.empty();
       ++i) {
    if (i >= pairs.size() && !plan.has_free_parameters) break;
    plan.slots.push_back(pairs[i % pairs.size()]);
  }
  return plan;
}

CandidatePlan plan_batch_sizes(const trial::Problem& problem,
                               std::span<const std::int64_t> window) {
  CandidatePlan plan;
  const auto index = problem.space.index_of(space::Role::BatchSize);
  const auto defaults = problem.space.default_configuration();
  const auto usual = defaults ? batch_size_in(problem.space, *defaults) : std::nullopt;
  if (defaults) plan.slots.push_back({true, {}, std::nullopt});
  for (const std::int64_t size : window) {
    if (static_cast<double>(size) == usual) continue;
    plan.slots.push_back(
        {false, {{problem.space.parameters()[*index].name, space::Choice{size}}}, std::nullopt});
  }
  plan.num_pairs = plan.slots.size();
  return plan;
}

std::optional<Candidate> make_candidate(const trial::History& history, const CandidatePlan& plan,
                                        std::size_t slot_index, const Sm2Options& options,
                                        samplers::Sampler& sampler, Tried& tried) {
  const trial::Problem& problem = history.problem();
  const CandidateSlot& slot = plan.slots[slot_index];
  if (slot.is_default) {
    return Candidate{trial::Origin::Default, *problem.space.default_configuration()};
  }
  const auto fresh = [&](const space::Configuration& base) -> std::optional<space::Configuration> {
    auto configuration = apply(problem, plan, slot, base, options);
    if (!configuration || tried.contains(history, *configuration)) return std::nullopt;
    return configuration;
  };
  Rng rng{problem.seed, kDrawStream + plan.first_slot + slot_index};
  if (plan.has_free_parameters) {
    for (int asked = 0; asked < kMaxAsked; ++asked) {
      const auto suggestion = sampler.suggest(history, rng);
      if (!suggestion) break;
      if (auto made = fresh(*suggestion)) return Candidate{trial::Origin::Sampler, *made};
    }
  }
  if (const auto base = base_configuration(problem)) {
    if (auto made = fresh(*base)) return Candidate{trial::Origin::Sm2, *made};
  }
  for (int drawn = 0; plan.has_free_parameters && drawn < kMaxDrawn; ++drawn) {
    const auto sample = problem.space.sample(rng);
    if (!sample) break;
    if (auto made = fresh(*sample)) return Candidate{trial::Origin::Sm2, *made};
  }
  return std::nullopt;
}

}  // namespace wattune::strategies
