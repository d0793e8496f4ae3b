#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"

namespace wattune::energy {

/// What one process has reserved of the node, over all its accounts.
struct NodeClaim {
  std::vector<double> cores;           ///< Of the whole machine, then of socket 0, 1, ...
  std::vector<std::string> gpu_uuids;  ///< One for each account that uses the GPU.
};

/// What all processes of the node have reserved.
struct NodeUse {
  /// Core-nanoseconds of the machine, then of its sockets, since the node was first used: at every
  /// moment the cores there are, or those reserved where they are more. Idle energy is divided by
  /// this, so that the processes' shares never add up to more than the meter.
  std::vector<std::int64_t> core_ns;
  std::vector<std::string> gpus_of_others;  ///< One for each account of another process.
};

/// The reservations of all processes that share the node's meter.
///
/// Threads  any
class NodeClaims {
 public:
  NodeClaims(const NodeClaims&) = delete;
  NodeClaims& operator=(const NodeClaims&) = delete;
  virtual ~NodeClaims() = default;

  /// Replaces what this process has reserved.
  virtual void set(const NodeClaim& claim, MonotonicTime now) = 0;
  [[nodiscard]] virtual NodeUse use(MonotonicTime now) = 0;

 protected:
  NodeClaims() = default;
};

}  // namespace wattune::energy
