#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "wattune/base/clock.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// One reading of one channel, as a live view shows it.
struct Sample {
  std::uint32_t channel = 0;  ///< Index among the sampler's channels.
  MonotonicTime at;
  Microjoules total;  ///< Since the node's meter was started.
  Watts power;        ///< Over the last step of the counter.
};

/// The newest samples, for whoever looks on; a slow reader loses the oldest and is told how many.
///
/// Threads  one writer; any number of readers, each with a cursor of its own; no locks
/// Cost     memory for `capacity` samples, taken once
class SampleRing {
 public:
  /// Where a reader stands.
  struct Cursor {
    std::uint64_t next = 0;
    std::uint64_t num_lost = 0;  ///< Overwritten before they were read.
  };

  explicit SampleRing(std::size_t capacity);

  void push(const Sample& sample);
  /// Samples pushed so far; a cursor that begins here sees only new ones.
  [[nodiscard]] std::uint64_t num_pushed() const;
  /// Copies what came after the cursor, oldest first, and moves the cursor on. Gives how many.
  std::size_t read(Cursor& cursor, std::span<Sample> into) const;

 private:
  /// `stamp` is the sample's number + 1, and 0 while it is written.
  struct Slot {
    std::atomic<std::uint64_t> stamp{0};
    std::atomic<std::uint64_t> channel{0};
    std::atomic<std::int64_t> at_ns{0};
    std::atomic<std::int64_t> total_uj{0};
    std::atomic<double> power_w{0.0};
  };

  std::size_t capacity_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<std::uint64_t> num_pushed_{0};
};

}  // namespace wattune::energy
