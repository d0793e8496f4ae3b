#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "figure_sum.hpp"
#include "split.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/machine_cpu.hpp"

// What the accountant keeps. accountant.cpp opens and closes accounts and reads the meters;
// energy_split.cpp knows what everybody did and divides by it; energy_windows.cpp tells what a
// window held.

namespace wattune::energy {

inline constexpr std::size_t kRest = 0;
inline constexpr std::size_t kEngine = 1;

inline std::int64_t nanoseconds(Seconds time) {
  return std::llround(time.value() * 1e9);
}

/// What one account did while a channel did not move, in the units of the channel's weights.
struct Share {
  std::size_t account = 0;
  Wide idle = 0;     ///< Reserved core-nanoseconds, or nanoseconds of a GPU.
  Wide dynamic = 0;  ///< CPU nanoseconds, or nanoseconds of a GPU.
};

/// Everything that the next energy booked on a channel has to be split by.
struct Pending {
  std::vector<Share> shares;  ///< Open accounts only; what a closed one did falls to the rest.
  Wide idle_total = 0;        ///< Of the whole machine, or of the whole GPU.
  Wide dynamic_total = 0;
  double split_error = 0.0;  ///< Relative, of every part, beside that of CPU time.
  bool has_guess = false;    ///< The split is a guess: a GPU with several users, unknown others.

  Share& share_of(std::size_t account) {
    const auto found = std::ranges::find(shares, account, &Share::account);
    return found != shares.end() ? *found : shares.emplace_back(Share{account, 0, 0});
  }
};

/// What is known of a channel at one moment.
struct LastSight {
  MonotonicTime read_at;
  MonotonicTime known_at;
  Seconds off;
  Seconds delay;
  Microjoules idle;
  Microjoules dynamic;
  double guessed_j2 = 0.0;
};

struct ChannelBook {
  std::unique_ptr<Meter> meter;
  Channel channel;
  std::optional<Watts> idle_power;
  Microjoules counted;  ///< The meter's total up to which everything is booked.
  Microjoules idle;
  Microjoules dynamic;
  Watts power;            ///< Over the last step that moved the counter.
  std::size_t part = 0;   ///< 0: of the whole machine; else its socket's place + 1.
  MonotonicTime read_at;  ///< The tick of the last good read.
  MonotonicTime true_at;  ///< What that reading says of itself.
  Seconds off;            ///< How far the two lie apart, with what was only carried on.
  MonotonicTime moved_at;
  Seconds delay;            ///< It was read so long after the tick, at most.
  double guessed_j2 = 0.0;  ///< As in a mark.
  std::optional<MonotonicTime> guessed_at;
  bool was_read = false;
  bool has_moved = false;
  bool has_ended = false;
  Pending pending;
  std::optional<FallbackSource> fallback;

  [[nodiscard]] bool is_gpu() const { return energy::is_gpu(channel.kind); }

  /// Until when the total is known: a hardware counter that stands still for longer than one of its
  /// steps has said nothing since, although it could be read.
  [[nodiscard]] MonotonicTime known_at() const {
    return channel.provenance == Provenance::Measured
               ? std::min(read_at, after(moved_at, channel.refresh))
               : read_at;
  }
  [[nodiscard]] LastSight sight() const {
    return {read_at, known_at(), off, delay, idle, dynamic, guessed_j2};
  }
};

/// What one account has on one channel.
struct Entry {
  Microjoules idle;
  Microjoules dynamic;
  Watts power;
  double guessed_j2 = 0.0;
  double split_j = 0.0;  ///< As in a mark.
  std::optional<MonotonicTime> guessed_at;
};

/// What the whole machine and its sockets did between two ticks, in nanoseconds.
struct MachineUse {
  std::optional<std::vector<std::int64_t>> busy;  ///< Nothing where it cannot be told.
  std::vector<std::int64_t> core_ns;              ///< That were there or reserved by anybody.
  std::vector<std::string> gpus_of_others;
};

struct Account {
  Reservation reservation;
  Seconds cpu_seen;
  std::optional<MonotonicTime> closed_at;
  std::optional<std::int64_t> foreign_ns_at_end;  ///< Where it is closed.
  std::vector<Entry> entries;
  std::vector<LastSight> last_sights;  ///< Where it is closed.
  /// Of the account's hardware threads, how many are on each socket; empty: it runs on any.
  std::vector<std::size_t> cpus_on;
};

struct EnergyAccountant::Books {
  AccountantOptions options;
  std::vector<double> capacity;  ///< Cores of the machine, then of its sockets.
  std::vector<ChannelBook> channels;
  std::vector<Account> accounts;
  std::vector<std::size_t> open;  ///< Ascending; without the rest.
  MonotonicTime ticked;
  std::optional<MachineCpuTime> machine;
  std::vector<std::int64_t> core_ns_seen;
  Seconds engine_at_start;
  std::vector<std::string> notes;
  std::int64_t foreign_ns = 0;  ///< CPU time that belongs to no account; may be a little off.
  bool knows_foreign = true;

  std::size_t add_account(const Reservation& reservation);
  const Account& at(AccountId id) const;
  [[nodiscard]] std::size_t part_of_channel(const Channel& channel) const;
  void publish_claim();

  std::vector<std::int64_t> take_activity(std::span<const Activity> activities);
  std::optional<std::vector<std::int64_t>> take_machine_busy();
  MachineUse take_use(MonotonicTime now);
  void note_foreign(std::span<const std::int64_t> cpu, const MachineUse& use);
  [[nodiscard]] double cores_on(const Account& account, std::size_t part) const;
  [[nodiscard]] std::int64_t cpu_on(const Account& account, std::size_t part, std::int64_t cpu,
                                    const MachineUse& use) const;
  void note_machine(ChannelBook& book, Seconds length, std::span<const std::int64_t> cpu,
                    const MachineUse& use);
  [[nodiscard]] Wide part_of_board(const std::string& uuid, const Channel& board) const;
  [[nodiscard]] Wide part_of_board(const Account& account, const Channel& board) const;
  void note_gpu(ChannelBook& book, Seconds length, const MachineUse& use);
  void fall_back(ChannelBook& book, const FallbackSource& fallback);
  Seconds read_channel(std::size_t index, MonotonicTime now, Seconds waited);
  void settle(std::size_t index, Microjoules energy, const Reading& reading);

  [[nodiscard]] LastSight sight_of(const Account& account, std::size_t channel) const;
  [[nodiscard]] bool has_part(std::size_t account, const ChannelBook& book) const;
  [[nodiscard]] bool has_unmetered_gpu(const Account& account) const;
  [[nodiscard]] WindowPart part_of(const Mark& mark, std::size_t channel, MonotonicTime end) const;
  [[nodiscard]] WindowPart whole_of(const Mark& mark, std::size_t channel, MonotonicTime end) const;
  void note_edges(WindowPart& part, const Mark& mark, std::size_t channel, MonotonicTime end,
                  Watts end_power) const;
};

}  // namespace wattune::energy
