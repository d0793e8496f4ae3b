#include "wattune/energy/sample_ring.hpp"

#include <algorithm>

#include "wattune/base/require.hpp"

namespace wattune::energy {

SampleRing::SampleRing(std::size_t capacity)
    : capacity_(capacity), slots_(std::make_unique<Slot[]>(capacity)) {
  WATTUNE_REQUIRE(capacity > 0);
}

// Every store of a value releases and every load of one acquires: whoever sees a value of a later
// sample also sees the stamp that was cleared before it.
void SampleRing::push(const Sample& sample) {
  const std::uint64_t number = num_pushed_.load(std::memory_order_relaxed);
  Slot& slot = slots_[number % capacity_];
  slot.stamp.store(0, std::memory_order_relaxed);
  slot.channel.store(sample.channel, std::memory_order_release);
  slot.at_ns.store(
      std::chrono::duration_cast<std::chrono::nanoseconds>(sample.at.time_since_epoch()).count(),
      std::memory_order_release);
  slot.total_uj.store(sample.total.count(), std::memory_order_release);
  slot.power_w.store(sample.power.value(), std::memory_order_release);
  slot.stamp.store(number + 1, std::memory_order_release);
  num_pushed_.store(number + 1, std::memory_order_release);
}

std::uint64_t SampleRing::num_pushed() const {
  return num_pushed_.load(std::memory_order_acquire);
}

std::size_t SampleRing::read(Cursor& cursor, std::span<Sample> into) const {
  std::size_t count = 0;
  while (count < into.size()) {
    const std::uint64_t end = num_pushed();
    const std::uint64_t oldest = end > capacity_ ? end - capacity_ : 0;
    if (cursor.next < oldest) {
      cursor.num_lost += oldest - cursor.next;
      cursor.next = oldest;
    }
    if (cursor.next >= end) break;
    const Slot& slot = slots_[cursor.next % capacity_];
    const std::uint64_t before = slot.stamp.load(std::memory_order_acquire);
    Sample sample;
    sample.channel = static_cast<std::uint32_t>(slot.channel.load(std::memory_order_acquire));
    sample.at = MonotonicTime{std::chrono::nanoseconds{slot.at_ns.load(std::memory_order_acquire)}};
    sample.total = Microjoules{slot.total_uj.load(std::memory_order_acquire)};
    sample.power = Watts{slot.power_w.load(std::memory_order_acquire)};
    const bool is_whole =
        before == cursor.next + 1 && slot.stamp.load(std::memory_order_acquire) == before;
    ++cursor.next;
    if (is_whole) {
      into[count++] = sample;
    } else {
      ++cursor.num_lost;  // the writer has come round to it
    }
  }
  return count;
}

}  // namespace wattune::energy
