#include "node_board.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace wattune::energy {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<double>::is_always_lock_free);

constexpr std::uint64_t kHasReading = 0x100;
constexpr unsigned kFallbackBit = 9;

}  // namespace

void BoardChannel::set_id(std::string_view id) {
  id_.fill('\0');
  std::copy_n(id.begin(), std::min(id.size(), id_.size() - 1), id_.begin());
}

// A reader that sees a value of the next but one reading also sees the version in between.
void BoardChannel::publish(const BoardReading& reading) {
  const std::uint64_t version = version_.load(std::memory_order_relaxed);
  Copy& copy = copies_[(version + 1) % 2];
  const auto error =
      reading.error ? static_cast<std::uint64_t>(*reading.error) + 1 : std::uint64_t{0};
  copy.total_uj.store(reading.total.count(), std::memory_order_release);
  copy.read_at_ns.store(to_ns(reading.read_at), std::memory_order_release);
  copy.attempt_at_ns.store(to_ns(reading.attempt_at), std::memory_order_release);
  copy.power_w.store(reading.power.value(), std::memory_order_release);
  copy.num_estimated.store(reading.num_estimated, std::memory_order_release);
  copy.guessed_j2.store(reading.guessed_j2, std::memory_order_release);
  std::uint64_t state = error | (reading.has_reading ? kHasReading : 0);
  if (reading.fallback) {
    state |= (static_cast<std::uint64_t>(reading.fallback->provenance) + 1) << kFallbackBit;
  }
  const double gain = reading.fallback ? reading.fallback->gain_uncertainty : 0.0;
  copy.fallback_gain.store(gain, std::memory_order_release);
  copy.state.store(state, std::memory_order_release);
  version_.store(version + 1, std::memory_order_release);
}

BoardReading BoardChannel::read() const {
  while (true) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const Copy& copy = copies_[version % 2];
    BoardReading reading;
    reading.total = Microjoules{copy.total_uj.load(std::memory_order_acquire)};
    reading.read_at = from_ns(copy.read_at_ns.load(std::memory_order_acquire));
    reading.attempt_at = from_ns(copy.attempt_at_ns.load(std::memory_order_acquire));
    reading.power = Watts{copy.power_w.load(std::memory_order_acquire)};
    reading.num_estimated = copy.num_estimated.load(std::memory_order_acquire);
    reading.guessed_j2 = copy.guessed_j2.load(std::memory_order_acquire);
    const double gain = copy.fallback_gain.load(std::memory_order_acquire);
    const std::uint64_t state = copy.state.load(std::memory_order_acquire);
    if (version_.load(std::memory_order_acquire) != version) continue;
    reading.has_reading = (state & kHasReading) != 0;
    if (const std::uint64_t error = state & 0xff; error > 0) {
      reading.error = static_cast<ErrorKind>(error - 1);
    }
    if (const std::uint64_t provenance = state >> kFallbackBit; provenance > 0) {
      reading.fallback = FallbackSource{static_cast<Provenance>(provenance - 1), gain};
    }
    return reading;
  }
}

void wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                     MonotonicTime until) {
  const std::int64_t at = std::max<std::int64_t>(0, to_ns(until));
  const timespec moment{at / 1'000'000'000, at % 1'000'000'000};
  // An absolute time on CLOCK_MONOTONIC; not private, for the word may lie in shared memory.
  ::syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word), FUTEX_WAIT_BITSET, seen,
            &moment, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void change_and_wake(std::atomic<std::uint32_t>& word) {
  word.fetch_add(1, std::memory_order_acq_rel);
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr,
            nullptr, 0);
}

}  // namespace wattune::energy
