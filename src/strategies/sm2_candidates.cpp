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
std::vector<Changes> spread_pairs(const std::vector<Changes>& batch_sizes,
                                  const std::vector<Changes>& learning_rates) {
  std::vector<Changes> pairs;
  for (std::size_t round = 0; round < batch_sizes.size(); ++round) {
    for (std::size_t i = 0; i < learning_rates.size(); ++i) {
      Changes pair = batch_sizes[(round + i) % batch_sizes.size()];
      pair.insert(pair.end(), learning_rates[i].begin(), learning_rates[i].end());
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

std::vector<Changes> all_pairs(const trial::Problem& problem, std::span<const std::int64_t> window,
                               std::size_t num_learning_rates) {
  const space::Space& space = problem.space;
  std::vector<Changes> batch_sizes;
  std::vector<Changes> learning_rates;
  if (const auto index = space.index_of(space::Role::BatchSize)) {
    for (const std::int64_t size : window) {
      batch_sizes.push_back({{space.parameters()[*index].name, space::Choice{size}}});
    }
  }
  if (const auto index = space.index_of(space::Role::LearningRate)) {
    for (const space::Choice& rate : learning_rates_of(space, *index, num_learning_rates)) {
      learning_rates.push_back({{space.parameters()[*index].name, rate}});
    }
  }
  if (batch_sizes.empty()) batch_sizes.emplace_back();
  if (learning_rates.empty()) learning_rates.emplace_back();
  Rng rng{problem.seed, kPairStream};
  shuffle(batch_sizes, rng);
  shuffle(learning_rates, rng);
  return spread_pairs(batch_sizes, learning_rates);
}

bool has_free_parameters(const space::Space& space) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    const bool has_role = i == space.index_of(space::Role::BatchSize) ||
                          i == space.index_of(space::Role::LearningRate);
    if (!has_role && space.num_values(i) != 1) return true;
  }
  return false;
}

}  // namespace

CandidatePlan plan_candidates(const trial::Problem& problem, std::span<const std::int64_t> window,
                              const Sm2Options& options) {
  CandidatePlan plan;
  plan.has_free_parameters = has_free_parameters(problem.space);
  std::vector<Changes> pairs = all_pairs(problem, window, options.num_learning_rates);
  plan.num_pairs = pairs.size();

  const auto defaults = problem.space.default_configuration();
  if (defaults) plan.slots.push_back({true, {}});
  if (!plan.has_free_parameters) {  // then a pair is a whole configuration
    const auto base = base_configuration(problem);
    std::erase_if(pairs, [&](const Changes& pair) {
      const auto configuration = base ? with_changes(problem.space, *base, pair) : std::nullopt;
      return !configuration || configuration == defaults;
    });
  }
  for (std::size_t i = 0; plan.slots.size() < options.max_candidates && !pairs.empty(); ++i) {
    if (i >= pairs.size() && !plan.has_free_parameters) break;
    plan.slots.push_back({false, pairs[i % pairs.size()]});
  }
  return plan;
}

std::optional<Candidate> make_candidate(const trial::History& history, const CandidatePlan& plan,
                                        std::size_t slot_index, samplers::Sampler& sampler,
                                        Tried& tried) {
  const trial::Problem& problem = history.problem();
  const CandidateSlot& slot = plan.slots[slot_index];
  if (slot.is_default) {
    return Candidate{trial::Origin::Default, *problem.space.default_configuration()};
  }
  const auto fresh = [&](const space::Configuration& base) -> std::optional<space::Configuration> {
    auto configuration = with_changes(problem.space, base, slot.changes);
    if (!configuration || tried.contains(history, *configuration)) return std::nullopt;
    return configuration;
  };
  Rng rng{problem.seed, kDrawStream + slot_index};
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
