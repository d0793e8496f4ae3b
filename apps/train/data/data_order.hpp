#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wattune::train {

enum class OrderKind {
  Shuffled,  ///< Each epoch has an order of its own, a function of (seed, epoch).
  Fixed,     ///< The same batches in the same order in every epoch, whatever the seed.
};

/// The order in which training samples are used: one endless row of epochs, each of them a
/// permutation.
///
/// A shuffled batch may begin in one epoch and end in the next, so every step has the same size.
/// Fixed batches leave out the few samples that do not fill a batch.
class DataOrder {
 public:
  DataOrder(OrderKind kind, std::uint64_t seed, std::int64_t num_samples, std::int64_t batch_size);

  /// Fills `indices` with the samples at positions [first, first + indices.size()) of the row.
  void fill(std::int64_t first, std::span<std::int64_t> indices);

 private:
  void open_epoch(std::int64_t epoch);

  OrderKind kind_;
  std::uint64_t seed_;
  std::int64_t period_;  // positions in an epoch
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> permutation_;
};

}  // namespace wattune::train
