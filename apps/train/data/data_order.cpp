#include "data/data_order.hpp"

#include <numeric>
#include <utility>

#include "training/counter_random.hpp"

namespace wattune::train {
namespace {

constexpr std::uint64_t kFixedSeed = 1234;

}  // namespace

DataOrder::DataOrder(OrderKind kind, std::uint64_t seed, std::int64_t num_samples,
                     std::int64_t batch_size)
    : kind_(kind),
      seed_(kind == OrderKind::Fixed ? kFixedSeed : seed),
      period_(num_samples),
      permutation_(static_cast<std::size_t>(num_samples)) {
  if (kind == OrderKind::Fixed && num_samples > batch_size) {
    period_ = num_samples / batch_size * batch_size;
  }
}

void DataOrder::fill(std::int64_t first, std::span<std::int64_t> indices) {
  for (std::int64_t position = first; std::int64_t & index : indices) {
    if (position / period_ != epoch_) open_epoch(position / period_);
    index = permutation_[static_cast<std::size_t>(position % period_)];
    ++position;
  }
}

void DataOrder::open_epoch(std::int64_t epoch) {
  const bool is_open = epoch_ >= 0;
  epoch_ = epoch;
  if (kind_ == OrderKind::Fixed && is_open) return;
  CounterRandom random(seed_, Stream::Order,
                       kind_ == OrderKind::Fixed ? 0 : static_cast<std::uint64_t>(epoch));
  std::iota(permutation_.begin(), permutation_.end(), 0);
  for (std::size_t left = permutation_.size(); left > 1; --left) {
    std::swap(permutation_[left - 1], permutation_[random.below(static_cast<std::uint32_t>(left))]);
  }
}

}  // namespace wattune::train
