#include "node_sampler_core.hpp"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "counter_meter.hpp"
#include "wattune/base/require.hpp"
#include "wattune/energy/machine_cpu.hpp"

namespace wattune::energy {
namespace {

constexpr Seconds kShortestPeriod{0.001};
/// Another process has to be woken to read, which takes longer than its counters are.
constexpr Seconds kLeastPatience{0.02};
/// After a silence of the owner of so many periods a channel is followed by one's own meter.
constexpr double kSilentPeriods = 3.0;
constexpr Seconds kLeastSuspend{0.1};
/// Two readings that are compared should lie no further apart.
constexpr Seconds kClose{0.0005};
constexpr int kComparisons = 5;

Seconds seconds_of(clockid_t id) {
  timespec time{};
  ::clock_gettime(id, &time);
  return Seconds{static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9};
}

std::int64_t nanoseconds_of(Seconds time) {
  return static_cast<std::int64_t>(time.value() * 1e9);
}

NodeSamplerOptions checked(NodeSamplerOptions options) {
  const auto require_period = [](Seconds period, const char* name) {
    if (period >= kShortestPeriod && period <= kLongestSamplerPeriod) return;
    throw ConfigError(std::string(name) + " of the sampler must be between 1 ms and 30 s");
  };
  require_period(options.period, "period");
  require_period(options.fast_period, "fast_period");
  if (!(options.jitter >= 0.0 && options.jitter <= 0.5)) {
    throw ConfigError("jitter of the sampler must be between 0 and 0.5");
  }
  if (options.ring_samples == 0) throw ConfigError("ring_samples must be above 0");
  if (!options.suspended_time) options.suspended_time = time_in_suspend;
  return options;
}

/// A thread that takes no signal: those are for whoever waits for them on the program's own
/// threads.
template <typename Work>
std::thread start_without_signals(Work work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

NodeSampler::Core::Core(std::vector<std::unique_ptr<Meter>> meters, const Clock& clock,
                        NodeSamplerOptions options)
    : clock_(clock),
      options_(checked(std::move(options))),
      rng_(options_.seed),
      ring_(options_.ring_samples),
      fork_depth_(fork_depth()),
      started_(clock.now()),
      own_board_(std::make_unique<NodeBoard>()),
      suspended_(options_.suspended_time()) {
  if (const auto cpu = read_machine_cpu(options_.proc_root)) busy_at_start_ = cpu->busy;
  WATTUNE_REQUIRE(meters.size() <= kMaxChannels);
  for (std::unique_ptr<Meter>& meter : meters) {
    channels_.push_back(
        std::make_unique<SampledChannel>(std::move(meter), clock_, options_.suspended_time));
    order_.push_back(order_.size());
  }
  std::ranges::stable_sort(order_, {}, [&](std::size_t index) {
    return std::pair(is_gpu(channels_[index]->channel().kind), !channels_[index]->is_quick());
  });
  due_.assign(size(), started_);
  beside_due_.assign(size(), started_);
  role_due_ = started_;
  join_node();
  round();
  if (options_.has_thread) thread_ = start_without_signals([this] { run(); });
}

NodeSampler::Core::~Core() {
  if (is_in_child()) {
    // The thread was never here: there is nothing to wait for, and its handle means nothing.
    static_cast<void>(new std::thread(std::move(thread_)));
    return;
  }
  is_stopping_.store(true);
  nudge();
  if (thread_.joinable()) thread_.join();
}

Seconds NodeSampler::Core::silence() const {
  return std::max(options_.period * kSilentPeriods, kLeastPatience * 5.0);
}

void NodeSampler::Core::join_node() {
  board_ = own_board_.get();
  if (options_.shared_folder) {
    auto shared = SharedNode::open(*options_.shared_folder, {options_.capacity, {}}, started_);
    if (shared) {
      shared_ = std::move(*shared);
      board_ = &shared_->board();
      is_owner_.store(shared_->try_to_own());
    } else {
      problem_ = shared.error().message;
    }
  }
  find_places();
  if (is_owner_.load()) {
    own_all(shared_ && shared_->num_others() > 0);
  } else {
    follow_owner();
  }
}

/// The place of every channel on the board, found once, before anybody looks. Only the owner makes
/// new ones; a channel that the owner does not have is read here.
void NodeSampler::Core::find_places() {
  const std::uint32_t count = board_->num_channels.load(std::memory_order_acquire);
  const auto place_of = [&](const std::string& id) -> BoardChannel* {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (board_->channels[i].id() == id) return &board_->channels[i];
    }
    return nullptr;
  };
  for (const std::unique_ptr<SampledChannel>& channel : channels_) {
    const std::string id = channel->channel().id.substr(0, kMaxIdBytes - 1);
    BoardChannel* place = place_of(id);
    const std::uint32_t next = board_->num_channels.load();
    if (place == nullptr && is_owner_.load() && next < kMaxChannels) {
      place = &board_->channels[next];
      place->set_id(id);
      board_->num_channels.store(next + 1, std::memory_order_release);
    }
    if (place != nullptr) {
      channel->attach(*place);
    } else {
      channel->attach(own_board_->channels[own_board_->num_channels.fetch_add(1)]);
      channel->take_over(false);
    }
  }
}

/// `is_watched`: somebody has seen the totals that are on the board, and must not miss what was
/// drawn since.
void NodeSampler::Core::own_all(bool is_watched) {
  for (const std::unique_ptr<SampledChannel>& channel : channels_) {
    if (!channel->is_mine()) channel->take_over(is_watched);
  }
}

/// Asks the owner for fresh readings, and compares them with one's own meters; again where the two
/// were far apart, for the difference is what is lost or doubled when the owner dies.
void NodeSampler::Core::follow_owner() {
  for (int attempt = 0; attempt < kComparisons; ++attempt) {
    const MonotonicTime now = clock_.now();
    request(now);
    Seconds farthest;
    for (const std::size_t index : order_) {
      SampledChannel& channel = *channels_[index];
      if (channel.is_mine()) continue;
      static_cast<void>(wait_for(channel, now, after(now, kLeastPatience)));
      farthest = std::max(farthest, channel.read_beside());
    }
    if (farthest < kClose) return;
  }
}

/// The newest reading once it is as new as asked for, or at the deadline.
BoardReading NodeSampler::Core::wait_for(SampledChannel& channel, MonotonicTime asked,
                                         MonotonicTime deadline) {
  while (true) {
    const std::uint32_t seen = board_->published.load();
    const BoardReading newest = channel.newest();
    const bool is_new = was_attempted(newest) && newest.attempt_at >= asked;
    if (is_new || clock_.now() >= deadline) return newest;
    wait_for_change(board_->published, seen, deadline);
  }
}

void NodeSampler::Core::run() {
  while (!is_stopping_.load()) {
    // The word is looked at before the work, so that nothing asked in between is slept through.
    std::atomic<std::uint32_t>& word = is_owner_.load() ? board_->requests : wake_;
    const std::uint32_t seen = word.load();
    if (is_stopping_.load()) break;
    const MonotonicTime due = round();
    counts_.cpu_ns.store(nanoseconds_of(seconds_of(CLOCK_THREAD_CPUTIME_ID)));
    wait_for_change(word, seen, due);
  }
}

void NodeSampler::Core::nudge() {
  change_and_wake(wake_);
  if (is_owner_.load()) change_and_wake(board_->requests);
}

void NodeSampler::Core::request(MonotonicTime asked) {
  const std::int64_t wanted = to_ns(std::min(asked, clock_.now()));
  std::int64_t before = board_->asked_at_ns.load();
  while (before < wanted && !board_->asked_at_ns.compare_exchange_weak(before, wanted)) {
  }
  if (before < wanted) change_and_wake(board_->requests);
}

MonotonicTime NodeSampler::Core::round() {
  note_suspend();
  serve_requests();
  const MonotonicTime now = clock_.now();
  keep_role(now);
  const bool is_fast = num_holds_.load() > 0;
  const bool is_viewed = num_views_.load() > 0;
  if (is_fast != was_fast_ || is_viewed != was_viewed_) {
    was_fast_ = is_fast;
    was_viewed_ = is_viewed;
    for (std::size_t i = 0; i < size(); ++i) due_[i] = std::min(due_[i], after(now, gap(i, 1.0)));
  }
  if (next_due() <= now) read_due(now);
  return std::min(next_due(), shared_ ? role_due_ : next_due());
}

/// Channels that answer at once first, so that no other holds up their readings.
void NodeSampler::Core::serve_requests() {
  const std::int64_t asked = board_->asked_at_ns.load();
  if (asked == served_ns_) return;
  served_ns_ = asked;
  for (std::size_t place = 0; place < order_.size(); ++place) {
    SampledChannel& channel = *channels_[order_[place]];
    if (channel.read_since(from_ns(asked))) counts_.num_reads.fetch_add(1);
    const bool is_last = place + 1 == order_.size();
    if (is_last || !channels_[order_[place + 1]]->is_quick()) change_and_wake(board_->published);
  }
}

/// All channels of a period are read in one round and keep together: waking up costs more than
/// reading does.
void NodeSampler::Core::read_due(MonotonicTime now) {
  const double stretch = 1.0 + options_.jitter * rng_.uniform(-1.0, 1.0);
  for (const std::size_t index : order_) {
    if (due_[index] > now) continue;
    SampledChannel& channel = *channels_[index];
    if (channel.read_since(now)) {
      counts_.num_reads.fetch_add(1, std::memory_order_relaxed);
    } else if (beside_due_[index] <= now) {
      channel.read_beside();
      beside_due_[index] =
          after(now, std::min(kLongestSamplerPeriod, channel.longest_safe_gap() / 2.0));
    }
    const BoardReading newest = channel.newest();
    if (newest.has_reading) {
      ring_.push({static_cast<std::uint32_t>(index), newest.read_at, newest.total, newest.power});
    }
    due_[index] = after(now, gap(index, stretch));
  }
  const auto length = nanoseconds_of(elapsed(now, clock_.now()));
  if (length > counts_.longest_tick_ns.load()) counts_.longest_tick_ns.store(length);
  counts_.num_ticks.fetch_add(1, std::memory_order_relaxed);
}

/// Takes over where the owner has died, and forgets what dead processes had reserved.
void NodeSampler::Core::keep_role(MonotonicTime now) {
  if (!shared_ || (now < role_due_ && !doubts_owner_.exchange(false))) return;
  role_due_ = after(now, options_.period);
  shared_->reap(now);
  if (is_owner_.load() || !shared_->try_to_own()) return;
  is_owner_.store(true);
  counts_.num_takeovers.fetch_add(1);
  own_all(true);
  for (MonotonicTime& due : due_) due = now;
}

void NodeSampler::Core::note_suspend() {
  const Seconds now = options_.suspended_time();
  if (now - suspended_ > kLeastSuspend) {
    counts_.num_suspends.fetch_add(1);
    counts_.suspended_ns.fetch_add(nanoseconds_of(now - suspended_));
  }
  suspended_ = now;
}

/// A new length for every period: one that beats with the device's own would see part of its steps.
Seconds NodeSampler::Core::gap(std::size_t index, double stretch) const {
  const SampledChannel& channel = *channels_[index];
  Seconds period = was_fast_ ? std::min(options_.period, options_.fast_period) : options_.period;
  if (was_viewed_) period = std::min(period, channel.preferred_gap());
  period = std::min({period * stretch, kLongestSamplerPeriod, channel.longest_safe_gap()});
  return std::max(period, kShortestPeriod);
}

MonotonicTime NodeSampler::Core::next_due() const {
  return due_.empty() ? after(clock_.now(), kLongestSamplerPeriod)
                      : *std::ranges::min_element(due_);
}

Seconds NodeSampler::Core::patience(std::size_t index) const {
  const Seconds refresh = channels_[index]->channel().refresh;
  return is_owner_.load() ? std::max(refresh, kShortestPeriod) : std::max(refresh, kLeastPatience);
}

BoardReading NodeSampler::Core::edge(std::size_t index, MonotonicTime asked) {
  SampledChannel& channel = *channels_[index];
  const MonotonicTime before = clock_.now();
  if ((channel.is_quick() || !options_.has_thread) && channel.read_since(asked)) {
    counts_.edge_ns.fetch_add(nanoseconds_of(elapsed(before, clock_.now())));
    counts_.num_reads.fetch_add(1, std::memory_order_relaxed);
    return channel.newest();
  }
  request(asked);
  if (!is_owner_.load() && channel.is_mine()) change_and_wake(wake_);
  const BoardReading newest = wait_for(channel, asked, after(asked, patience(index)));
  if (was_attempted(newest) && newest.attempt_at >= asked) return newest;
  counts_.num_late_edges.fetch_add(1);
  if (!is_owner_.load() && !doubts_owner_.exchange(true)) change_and_wake(wake_);
  return newest;
}

void NodeSampler::Core::count_hold(int change) {
  num_holds_.fetch_add(change);
  if (!is_in_child()) nudge();
}

void NodeSampler::Core::count_view(int change) {
  const int before = num_views_.fetch_add(change);
  if (before == 0 && !is_in_child()) nudge();
}

SamplerReport NodeSampler::Core::report() const {
  const auto seconds = [](const std::atomic<std::int64_t>& nanoseconds) {
    return Seconds{static_cast<double>(nanoseconds.load()) * 1e-9};
  };
  SamplerReport report;
  report.running = elapsed(started_, clock_.now());
  report.cpu_time = seconds(counts_.cpu_ns);
  report.edge_time = seconds(counts_.edge_ns);
  report.longest_tick = seconds(counts_.longest_tick_ns);
  report.num_ticks = counts_.num_ticks.load();
  report.num_reads = counts_.num_reads.load();
  report.num_late_edges = counts_.num_late_edges.load();
  report.num_suspends = counts_.num_suspends.load();
  report.suspended = seconds(counts_.suspended_ns);
  report.num_takeovers = counts_.num_takeovers.load();
  report.is_owner = is_owner_.load();
  const Seconds own = report.cpu_time + report.edge_time;
  if (report.running > Seconds{}) report.core_share = own / report.running;
  const auto cpu = read_machine_cpu(options_.proc_root);
  if (cpu && busy_at_start_ && cpu->busy > *busy_at_start_) {
    report.energy_share = std::min(1.0, own / (cpu->busy - *busy_at_start_));
  }
  return report;
}

}  // namespace wattune::energy
