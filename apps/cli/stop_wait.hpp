#pragma once

#include <csignal>
#include <optional>

#include "wattune/base/units.hpp"

namespace wattune::cli {

/// Waits that Ctrl-C and SIGTERM end at once; neither ends the program while the object lives.
class StopWait {
 public:
  StopWait();
  ~StopWait();
  StopWait(const StopWait&) = delete;
  StopWait& operator=(const StopWait&) = delete;

  /// The signal that ended the wait early, or ended one before.
  [[nodiscard]] std::optional<int> wait(Seconds duration);

 private:
  sigset_t signals_{};
  sigset_t before_{};
  std::optional<int> stopped_by_;
};

}  // namespace wattune::cli
