#include "bounded_sample.hpp"

#include <iterator>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"

namespace wattune::samplers {
namespace {

std::uint64_t rank_of(std::uint32_t number) {
  return mix_seed(0, number);
}

}  // namespace

BoundedSample::Change BoundedSample::insert(std::uint32_t number) {
  const Ranked ranked{rank_of(number), number};
  if (chosen_.size() < max_size_) {
    chosen_.insert(ranked);
    return {number, std::nullopt};
  }
  const auto last = std::prev(chosen_.end());
  if (*last < ranked) {
    others_.insert(ranked);
    return {};
  }
  const std::uint32_t left = last->second;
  others_.insert(chosen_.extract(last));
  chosen_.insert(ranked);
  return {number, left};
}

BoundedSample::Change BoundedSample::erase(std::uint32_t number) {
  const Ranked ranked{rank_of(number), number};
  if (others_.erase(ranked) > 0) return {};
  WATTUNE_REQUIRE(chosen_.erase(ranked) == 1);
  if (others_.empty()) return {std::nullopt, number};
  const std::uint32_t entered = others_.begin()->second;
  chosen_.insert(others_.extract(others_.begin()));
  return {entered, number};
}

}  // namespace wattune::samplers
