#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wattune/base/clock.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/energy/meter.hpp"

// What the processes of a node see of its meter. It lies in memory that they share, or in that of
// one process where nothing is shared. All zeros is a valid, empty board.
//
//   NodeBoard
//     words        requests, publications, the owner's number
//     channels[]   newest reading of each channel: two copies, the version tells which one counts
//     claims[]     what each process has reserved (shared_node.cpp; written under a lock)

namespace wattune::energy {

/// The newest reading of a channel.
struct BoardReading {
  Microjoules total;
  MonotonicTime read_at;
  MonotonicTime attempt_at;  ///< When the newest attempt began, good or not.
  Watts power;
  std::uint64_t num_estimated = 0;  ///< Readings so far that filled something in.
  double guessed_j2 = 0.0;          ///< Squares of the half widths of all that was filled in, J^2.
  std::optional<ErrorKind> error;   ///< Of the newest attempt.
  std::optional<FallbackSource> fallback = {};
  bool has_reading = false;
};

inline constexpr std::size_t kMaxIdBytes = 128;

/// One channel on the board. One writer at a time, any number of readers.
///
/// A writer that dies in the middle leaves the last whole reading: it writes the copy that does not
/// count, then says that it counts.
class BoardChannel {
 public:
  void set_id(std::string_view id);
  [[nodiscard]] std::string_view id() const { return id_.data(); }

  void publish(const BoardReading& reading);
  [[nodiscard]] BoardReading read() const;

 private:
  struct Copy {
    std::atomic<std::int64_t> total_uj;
    std::atomic<std::int64_t> read_at_ns;
    std::atomic<std::int64_t> attempt_at_ns;
    std::atomic<double> power_w;
    std::atomic<std::uint64_t> num_estimated;
    std::atomic<double> guessed_j2;
    std::atomic<double> fallback_gain;
    std::atomic<std::uint64_t> state;  ///< From bit 9: provenance of a fallback + 1; bit 8: has a
                                       ///< reading; below: error + 1.
  };

  std::array<char, kMaxIdBytes> id_;
  std::atomic<std::uint64_t> version_;
  std::array<Copy, 2> copies_;
};

inline constexpr std::size_t kMaxChannels = 64;
inline constexpr std::size_t kMaxClaims = 64;
/// The machine as a whole, then its sockets.
inline constexpr std::size_t kMaxParts = 9;
inline constexpr std::size_t kMaxGpus = 32;

/// What one process has reserved.
struct BoardClaim {
  std::atomic<std::uint32_t> is_used;
  std::int32_t pid;
  std::uint64_t started;  ///< Tells the process from a later one with the same number.
  std::array<std::int64_t, kMaxParts> milli_cores;
  std::uint32_t num_gpus;
  std::array<std::array<char, 48>, kMaxGpus> gpus;
};

struct NodeBoard {
  std::atomic<std::uint64_t> layout;  ///< Which program's layout this is; 0: not set up.
  std::array<char, 40> boot_id;

  std::atomic<std::uint32_t> requests;    ///< Futex: the owner waits for it to change.
  std::atomic<std::uint32_t> published;   ///< Futex: changes with every publication.
  std::atomic<std::int64_t> asked_at_ns;  ///< Readings from then on are wanted.
  std::atomic<std::int32_t> owner_pid;

  std::atomic<std::uint32_t> num_channels;
  std::array<BoardChannel, kMaxChannels> channels;

  std::atomic<std::uint64_t> claims_version;
  std::array<std::int64_t, kMaxParts> capacity_milli;  ///< Cores there are.
  std::array<std::int64_t, kMaxParts> reserved_milli;  ///< Sum of all claims.
  std::array<std::int64_t, kMaxParts> core_ns;         ///< Core time up to `changed_at_ns`.
  std::int64_t changed_at_ns;
  std::array<BoardClaim, kMaxClaims> claims;
};

[[nodiscard]] inline std::int64_t to_ns(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}
[[nodiscard]] inline MonotonicTime from_ns(std::int64_t count) {
  return MonotonicTime{std::chrono::nanoseconds{count}};
}

/// Waits until the word differs from `seen`, or until the moment; may return early.
void wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                     MonotonicTime until);
/// Changes the word and wakes everybody who waits for it.
void change_and_wake(std::atomic<std::uint32_t>& word);

}  // namespace wattune::energy
