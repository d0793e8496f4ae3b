#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "forwarding_meter.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// What was last read of a board. Owned by the board's meter and those of its slices.
class BoardTotal {
 public:
  void set(const Result<Reading>& reading) {
    const std::scoped_lock lock(mutex_);
    last_ = reading;
  }
  [[nodiscard]] Result<Reading> get() const {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  Result<Reading> last_ = fail(ErrorKind::Transient, "the board has not been read yet");
};

/// A board's meter that lets the meters of its slices see what it read.
class BoardMeter final : public ForwardingMeter {
 public:
  BoardMeter(std::unique_ptr<Meter> inner, std::shared_ptr<BoardTotal> total)
      : ForwardingMeter(std::move(inner)), total_(std::move(total)) {}

  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  std::shared_ptr<BoardTotal> total_;
};

/// A slice of a board: its share of what the board's meter read last. Asks the device nothing.
class GpuInstanceMeter final : public Meter {
 public:
  /// Takes    num_slices, num_board_slices  the share, at most 1
  GpuInstanceMeter(Channel channel, std::shared_ptr<const BoardTotal> board, unsigned num_slices,
                   unsigned num_board_slices);

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{3600.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return std::nullopt; }
  /// The moment of the reading is that of the board's.
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  Channel channel_;
  std::shared_ptr<const BoardTotal> board_;
  std::int64_t num_slices_;
  std::int64_t num_board_slices_;
};

}  // namespace wattune::energy
