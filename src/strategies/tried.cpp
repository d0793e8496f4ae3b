#include "tried.hpp"

#include <bit>
#include <type_traits>
#include <variant>

#include "wattune/base/random.hpp"

namespace wattune::strategies {
namespace {

std::uint64_t bits_of(const space::Value& value) {
  return std::visit(
      [](const auto& held) -> std::uint64_t {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, double>) {
          return std::bit_cast<std::uint64_t>(held == 0.0 ? 0.0 : held);  // -0 equals 0
        } else if constexpr (std::is_same_v<Held, std::int64_t>) {
          return static_cast<std::uint64_t>(held);
        } else if constexpr (std::is_same_v<Held, space::ChoiceIndex>) {
          return held.index;
        } else {
          return ~std::uint64_t{0};
        }
      },
      value);
}

std::uint64_t hash_of(const space::Configuration& configuration) {
  std::uint64_t hash = configuration.size();
  for (const space::Value& value : configuration.values()) hash = mix_seed(hash, bits_of(value));
  return hash;
}

}  // namespace

bool Tried::contains(const trial::History& history, const space::Configuration& configuration) {
  const auto trials = history.trials();
  for (; num_seen_ < trials.size(); ++num_seen_) {
    const trial::Trial& trial = trials[num_seen_];
    if (trial.purpose() != trial::Purpose::Search) continue;
    trial_by_hash_.emplace(hash_of(trial.configuration()), trial.id().number());
  }
  const auto [begin, end] = trial_by_hash_.equal_range(hash_of(configuration));
  for (auto entry = begin; entry != end; ++entry) {
    if (trials[entry->second].configuration() == configuration) return true;
  }
  return false;
}

}  // namespace wattune::strategies
