#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fork_guard.hpp"
#include "node_board.hpp"
#include "sampled_channel.hpp"
#include "shared_node.hpp"
#include "wattune/base/random.hpp"
#include "wattune/energy/node_sampler.hpp"

namespace wattune::energy {

inline constexpr Seconds kLongestSamplerPeriod{30.0};

/// The meters of a node, read by one thread, and the board on which everybody finds the readings.
///
/// One process of a node owns the shared board and reads; the others follow it, and one of them
/// takes over when the owner has died.
///
/// Threads  `edge`, the counts and the report from any thread; `round` from one
class NodeSampler::Core {
 public:
  Core(std::vector<std::unique_ptr<Meter>> meters, const Clock& clock, NodeSamplerOptions options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// The newest reading of a channel after somebody was asked for one as of `asked`.
  [[nodiscard]] BoardReading edge(std::size_t index, MonotonicTime asked);
  [[nodiscard]] SampledChannel& channel(std::size_t index) { return *channels_[index]; }
  [[nodiscard]] std::size_t size() const { return channels_.size(); }
  /// Whoever is silent for so long is stopped or stuck.
  [[nodiscard]] Seconds silence() const;
  [[nodiscard]] bool is_in_child() const { return fork_depth() != fork_depth_; }
  [[nodiscard]] const SampleRing& ring() const { return ring_; }
  [[nodiscard]] SamplerReport report() const;
  [[nodiscard]] SharedNode* shared() { return shared_.get(); }
  [[nodiscard]] const std::optional<std::string>& sharing_problem() const { return problem_; }

  void count_hold(int change);
  void count_view(int change);
  MonotonicTime round();

 private:
  /// Counters of what the sampler does, written by several threads.
  struct Counts {
    std::atomic<std::int64_t> cpu_ns{0};
    std::atomic<std::int64_t> edge_ns{0};
    std::atomic<std::int64_t> longest_tick_ns{0};
    std::atomic<std::uint64_t> num_ticks{0};
    std::atomic<std::uint64_t> num_reads{0};
    std::atomic<std::uint64_t> num_late_edges{0};
    std::atomic<std::uint64_t> num_suspends{0};
    std::atomic<std::int64_t> suspended_ns{0};
    std::atomic<std::uint64_t> num_takeovers{0};
  };

  void join_node();
  void find_places();
  void own_all(bool is_watched);
  void follow_owner();
  [[nodiscard]] BoardReading wait_for(SampledChannel& channel, MonotonicTime asked,
                                      MonotonicTime deadline);
  void run();
  void nudge();
  void request(MonotonicTime asked);

  void serve_requests();
  void read_due(MonotonicTime now);
  void keep_role(MonotonicTime now);
  void note_suspend();
  [[nodiscard]] Seconds gap(std::size_t index, double stretch) const;
  [[nodiscard]] MonotonicTime next_due() const;
  [[nodiscard]] Seconds patience(std::size_t index) const;

  const Clock& clock_;
  NodeSamplerOptions options_;
  Rng rng_;
  SampleRing ring_;
  std::uint64_t fork_depth_;
  MonotonicTime started_;
  std::optional<Seconds> busy_at_start_;

  std::unique_ptr<SharedNode> shared_;
  std::optional<std::string> problem_;
  std::unique_ptr<NodeBoard> own_board_;  ///< Where nothing is shared, and for what only we have.
  NodeBoard* board_ = nullptr;
  std::atomic<bool> is_owner_{true};
  std::atomic<bool> doubts_owner_{false};
  std::vector<std::unique_ptr<SampledChannel>> channels_;  ///< As they were given.

  // of the thread
  std::vector<std::size_t> order_;  ///< Quick ones first, GPUs last.
  std::vector<MonotonicTime> due_;
  std::vector<MonotonicTime> beside_due_;
  MonotonicTime role_due_;
  std::int64_t served_ns_ = 0;
  bool was_fast_ = false;
  bool was_viewed_ = false;
  Seconds suspended_;

  Counts counts_;
  std::atomic<int> num_holds_{0};
  std::atomic<int> num_views_{0};
  std::atomic<std::uint32_t> wake_{0};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace wattune::energy
