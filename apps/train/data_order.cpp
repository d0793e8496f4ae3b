#include "data_order.hpp"

#include <numeric>
#include <utility>

#include "counter_random.hpp"

namespace wattune::train {

DataOrder::DataOrder(std::uint64_t seed, std::int64_t num_samples)
    : seed_(seed), num_samples_(num_samples), permutation_(static_cast<std::size_t>(num_samples)) {
}

void DataOrder::fill(std::int64_t first, std::span<std::int64_t> indices) {
  for (std::int64_t position = first; std::int64_t & index : indices) {
    if (position / num_samples_ != epoch_) open_epoch(position / num_samples_);
    index = permutation_[static_cast<std::size_t>(position % num_samples_)];
    ++position;
  }
}

void DataOrder::open_epoch(std::int64_t epoch) {
  CounterRandom random(seed_, Stream::Order, static_cast<std::uint64_t>(epoch));
  std::iota(permutation_.begin(), permutation_.end(), 0);
  for (std::size_t left = permutation_.size(); left > 1; --left) {
    std::swap(permutation_[left - 1], permutation_[random.below(static_cast<std::uint32_t>(left))]);
  }
  epoch_ = epoch;
}

}  // namespace wattune::train
