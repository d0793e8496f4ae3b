#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "node_board.hpp"
#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// One channel of a node: its meter, and its place on the board where readings are published.
///
/// Either this process reads the channel, and then totals on the board are the meter's plus an
/// offset; or another does, and this one's meter is only read now and then, so that it can go on
/// from the other's total without a gap when the other dies.
///
/// Threads  any; reads of one channel follow one another
class SampledChannel {
 public:
  using SuspendedTime = std::function<Seconds()>;

  SampledChannel(std::unique_ptr<Meter> meter, const Clock& clock, SuspendedTime suspended);

  [[nodiscard]] const Channel& channel() const { return channel_; }
  [[nodiscard]] std::optional<Watts> idle_power() const { return idle_power_; }
  [[nodiscard]] Seconds longest_safe_gap() const { return safe_gap_; }
  [[nodiscard]] Seconds preferred_gap() const { return preferred_gap_; }
  /// Answers so fast that a caller may read it on its own time.
  [[nodiscard]] bool is_quick() const { return is_quick_; }

  /// Puts it on the board, before anything else and once; nobody reads it yet.
  void attach(BoardChannel& place) { place_ = &place; }
  /// From now on this process reads it. Goes on from the total on the board: by this meter's own
  /// count where the two were compared before, otherwise by the last power where `is_watched`,
  /// which is a guess.
  void take_over(bool is_watched);
  [[nodiscard]] bool is_mine() const;

  /// Reads and publishes, unless that was begun at `asked` or later. False: another reads it.
  bool read_since(MonotonicTime asked);
  [[nodiscard]] BoardReading newest() const { return place_->read(); }
  [[nodiscard]] std::string error_words() const;

  /// Reads the meter while another process publishes: keeps its count whole, and compares it. Gives
  /// how far the two best compared readings lie apart.
  Seconds read_beside();
  /// The same by this meter alone, while the other process is silent; quick channels only.
  [[nodiscard]] std::optional<Reading> reading_beside();

 private:
  void accept(BoardReading& next, const Reading& reading, MonotonicTime before,
              MonotonicTime after);
  void find_offset(BoardReading& next, const Reading& reading, MonotonicTime at);
  void follow_power(BoardReading& next);
  void compare(const Reading& reading, const BoardReading& other);

  struct Point {
    Microjoules total;
    MonotonicTime at;
  };

  mutable std::mutex mutex_;
  std::unique_ptr<Meter> meter_;
  const Clock& clock_;
  SuspendedTime suspended_;
  Channel channel_;
  std::optional<Watts> idle_power_;
  std::atomic<Seconds> safe_gap_;  ///< Both change where another source is read.
  std::atomic<Seconds> preferred_gap_;
  bool is_counter_;  ///< Its own count stays true while nobody reads it.
  bool is_quick_;

  BoardChannel* place_ = nullptr;
  bool is_mine_ = false;
  bool is_watched_ = false;
  bool needs_offset_ = true;
  std::optional<Microjoules> offset_;  ///< Board's total less the meter's.
  Seconds compared_within_{1e9};       ///< How far apart the readings were that gave it.
  BoardReading last_;                  ///< As published, while it is ours.
  std::optional<Point> power_from_;
  Seconds suspended_seen_;
  bool has_ended_ = false;
  std::string error_words_;
};

/// Whether anybody has ever tried to read it.
[[nodiscard]] inline bool was_attempted(const BoardReading& reading) {
  return reading.has_reading || reading.error.has_value();
}

}  // namespace wattune::energy
