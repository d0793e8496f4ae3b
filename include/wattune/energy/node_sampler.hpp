#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/energy/meter.hpp"
#include "wattune/energy/node_claims.hpp"
#include "wattune/energy/sample_ring.hpp"

namespace wattune::energy {

struct NodeSamplerOptions {
  Seconds period{1.0};       ///< Between readings that nobody asked for; at most 30 s.
  Seconds fast_period{0.1};  ///< The same while somebody holds the sampler fast.
  double jitter = 0.1;       ///< Each period is longer or shorter by up to this share.
  std::uint64_t seed = 1;    ///< Of the jitter.
  std::size_t ring_samples = 4096;
  bool has_thread = true;  ///< Without one, `poll` does what it would do.
  std::filesystem::path proc_root = "/proc";
  std::function<Seconds()> suspended_time;  ///< How long the machine has slept; empty: asks it.

  /// Where the processes of the node meet to share one meter; each has its own where left out.
  std::optional<std::filesystem::path> shared_folder;
  std::vector<double> capacity = {1.0};  ///< Cores of the machine, then of its sockets.
};

/// What the sampler itself costs, and what it has seen.
struct SamplerReport {
  Seconds running;
  Seconds cpu_time;      ///< Of its thread.
  Seconds edge_time;     ///< That callers spent reading channels themselves.
  Seconds longest_tick;  ///< One round over the channels that were due.
  std::uint64_t num_ticks = 0;
  std::uint64_t num_reads = 0;
  std::uint64_t num_late_edges = 0;  ///< A device did not answer within one refresh.
  double core_share = 0.0;           ///< CPU time of thread and edges over the time it ran.
  /// The same over the CPU time of the whole machine: its share of the dynamic energy.
  std::optional<double> energy_share;
  std::uint64_t num_suspends = 0;
  Seconds suspended;
  bool is_owner = true;  ///< False while another process reads the meter for this one.
  std::uint64_t num_takeovers = 0;
};

/// Reads all channels of a node from one thread, and lets everybody see the newest readings.
///
/// A view is a meter: reading it is an edge. Channels that answer at once are read by the caller
/// there and then; slow ones (every GPU) are asked for on the sampler's thread, and a device that
/// does not answer within one refresh has its last reading carried on. Where processes share the
/// node, one of them reads and the others see its readings; when it dies, another goes on from
/// them.
///
/// Threads  `views`, `hold_fast`, `report`, `ring` may be called from any thread, and different
///          views read at once. The thread lives in the process that made the sampler: in a forked
///          child every view has ended
/// Cost     the loop allocates nothing of its own
/// Source   docs/metering.md, "Sampler"
class NodeSampler {
 public:
  /// Errors   ConfigError  a period, jitter or number of samples that cannot be
  NodeSampler(std::vector<std::unique_ptr<Meter>> meters, const Clock& clock,
              NodeSamplerOptions options = {});
  ~NodeSampler();
  NodeSampler(const NodeSampler&) = delete;
  NodeSampler& operator=(const NodeSampler&) = delete;

  /// A meter for every channel, which begins at nothing now. They must not outlive the sampler.
  [[nodiscard]] std::vector<std::unique_ptr<Meter>> views();

  /// Keeps the fast period while it lives: for a live view or a short window.
  class Hold {
   public:
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&&) = delete;
    ~Hold();

   private:
    friend class NodeSampler;
    explicit Hold(NodeSampler* sampler) : sampler_(sampler) {}
    NodeSampler* sampler_;
  };
  [[nodiscard]] Hold hold_fast();

  /// Samples of all channels for live views.
  [[nodiscard]] const SampleRing& ring() const;
  [[nodiscard]] std::vector<Channel> channels() const;
  [[nodiscard]] SamplerReport report() const;

  /// The reservations of all processes; none where nothing is shared. Lives as long as the sampler.
  [[nodiscard]] NodeClaims* claims();
  /// Why the node is not shared although that was asked for.
  [[nodiscard]] const std::optional<std::string>& sharing_problem() const;

  /// Without a thread: reads what is due at this moment. Gives when it wants to be called again.
  MonotonicTime poll();

 private:
  class Core;
  class View;

  const Clock& clock_;
  std::unique_ptr<Core> core_;
};

}  // namespace wattune::energy
