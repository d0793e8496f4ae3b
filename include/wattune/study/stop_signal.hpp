#pragma once

#include <atomic>

namespace wattune::study {

/// The user's wish to stop a study: asked once, trials pause; asked again, they end now.
///
/// Threads  `request` from anywhere, signal handlers included
class StopSignal {
 public:
  void request() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] bool wants_pause() const noexcept { return count_.load() >= 1; }
  [[nodiscard]] bool wants_end() const noexcept { return count_.load() >= 2; }

 private:
  std::atomic<unsigned> count_ = 0;
  static_assert(std::atomic<unsigned>::is_always_lock_free);
};

}  // namespace wattune::study
