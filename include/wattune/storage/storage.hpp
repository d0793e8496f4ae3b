#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "wattune/base/result.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::storage {

/// Keeps the event log of one study. The log only grows.
///
/// Threads  one writer object per study, anywhere; any number of reading objects, in any process
class Storage {
 public:
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  /// Appends events with their time, in order. When it returns they survive the loss of the process
  /// and of power; on an error none of them was appended. All events of one call share one commit:
  /// callers hand over whatever has gathered.
  ///
  /// Errors   Transient  the disk is full or busy; Permission  opened for reading; Ended  the file
  /// has gone
  [[nodiscard]] virtual Result<void> append(std::span<const trial::Event> events, WallTime at) = 0;

  /// Hands every event after `after_sequence` to `visit`, in order.
  ///
  /// Errors   Invalid  the log is damaged; names the sequence number
  [[nodiscard]] virtual Result<void> read(
      std::uint64_t after_sequence,
      const std::function<void(const trial::LoggedEvent&)>& visit) const = 0;

 protected:
  Storage() = default;
};

}  // namespace wattune::storage
