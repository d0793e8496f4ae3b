#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wattune::train {

/// The order in which training samples are used: one endless row of epochs, each of them a
/// permutation that depends on nothing but (seed, epoch).
///
/// A batch may begin in one epoch and end in the next, so every step has the same size.
class DataOrder {
 public:
  DataOrder(std::uint64_t seed, std::int64_t num_samples);

  /// Fills `indices` with the samples at positions [first, first + indices.size()) of the row.
  void fill(std::int64_t first, std::span<std::int64_t> indices);

 private:
  void open_epoch(std::int64_t epoch);

  std::uint64_t seed_;
  std::int64_t num_samples_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> permutation_;
};

}  // namespace wattune::train
