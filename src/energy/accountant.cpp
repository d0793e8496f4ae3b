#include "wattune/energy/accountant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "figure_sum.hpp"
#include "split.hpp"
#include "wattune/base/require.hpp"
#include "wattune/energy/channel_tree.hpp"
#include "wattune/energy/machine_cpu.hpp"

namespace wattune::energy {
namespace {

constexpr std::size_t kRest = 0;
constexpr std::size_t kEngine = 1;
constexpr Seconds kLongestGap{30.0};
/// A second of CPU time takes more energy here and less there. Between two that are equally busy
/// this is 10 % of what either is charged.
constexpr double kSplitError = 0.20;
/// Nothing tells what a slice of a GPU does; its share of the board is a guess.
constexpr double kSliceError = 0.30;
/// Parts of a board are counted so finely that every number of users up to 16 divides them.
constexpr Wide kWholeBoard = 720720;

std::int64_t nanoseconds(Seconds time) {
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

}  // namespace

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

std::size_t EnergyAccountant::Books::add_account(const Reservation& reservation) {
  Account account;
  account.reservation = reservation;
  account.entries.resize(channels.size());
  if (!reservation.cpus.empty()) {
    for (std::size_t i = 0; i < options.topology.num_sockets(); ++i) {
      account.cpus_on.push_back(options.topology.count_on(reservation.cpus, i));
    }
  }
  accounts.push_back(std::move(account));
  return accounts.size() - 1;
}

const Account& EnergyAccountant::Books::at(AccountId id) const {
  WATTUNE_REQUIRE(id.number() < accounts.size());
  return accounts[id.number()];
}

/// CPU nanoseconds of every open account since the last tick, in the order of `open`.
std::vector<std::int64_t> EnergyAccountant::Books::take_activity(
    std::span<const Activity> activities) {
  std::vector<std::int64_t> used(open.size(), 0);
  const auto charge = [&](std::size_t account, Seconds total) {
    const auto found = std::ranges::lower_bound(open, account);
    WATTUNE_REQUIRE(found != open.end() && *found == account);
    Seconds& seen = accounts[account].cpu_seen;
    used[static_cast<std::size_t>(found - open.begin())] =
        std::max<std::int64_t>(0, nanoseconds(total) - nanoseconds(seen));
    seen = std::max(seen, total);
  };
  bool has_engine = false;
  for (const Activity& activity : activities) {
    charge(activity.account.number(), activity.cpu_time);
    has_engine = has_engine || activity.account.number() == kEngine;
  }
  if (!has_engine) charge(kEngine, options.engine_cpu_time() - engine_at_start);
  return used;
}

/// Which part of the machine a channel's energy is divided over.
std::size_t EnergyAccountant::Books::part_of_channel(const Channel& channel) const {
  if (!channel.socket || options.topology.num_sockets() < 2) return 0;
  const std::optional<std::size_t> index = options.topology.index_of(*channel.socket);
  return index ? *index + 1 : 0;
}

/// Tells the other processes of the node what this one has reserved.
void EnergyAccountant::Books::publish_claim() {
  if (options.claims == nullptr) return;
  NodeClaim claim;
  claim.cores.assign(capacity.size(), 0.0);
  for (const std::size_t index : open) {
    const Account& account = accounts[index];
    for (std::size_t part = 0; part < capacity.size(); ++part) {
      claim.cores[part] += cores_on(account, part);
    }
    claim.gpu_uuids.insert(claim.gpu_uuids.end(), account.reservation.gpu_uuids.begin(),
                           account.reservation.gpu_uuids.end());
  }
  options.claims->set(claim, ticked);
}

/// Busy time of the machine and its sockets since it could last be read. A hardware thread that was
/// switched off or on in between has done nothing.
std::optional<std::vector<std::int64_t>> EnergyAccountant::Books::take_machine_busy() {
  const bool has_sockets = capacity.size() > 2;
  Result<MachineCpuTime> now = read_machine_cpu(options.proc_root, has_sockets);
  if (!now) return std::nullopt;
  const MachineCpuTime before = std::exchange(machine, *now).value_or(*now);
  std::vector<std::int64_t> busy(capacity.size(), 0);
  busy[0] = std::max<std::int64_t>(0, nanoseconds(now->busy - before.busy));
  if (!has_sockets) return busy;
  const std::size_t num_cpus = std::min(now->busy_of_cpu.size(), before.busy_of_cpu.size());
  for (std::size_t cpu = 0; cpu < num_cpus; ++cpu) {
    const auto socket = options.topology.socket_index_of_cpu(static_cast<int>(cpu));
    if (!socket || !now->busy_of_cpu[cpu] || !before.busy_of_cpu[cpu]) continue;
    const Seconds used = *now->busy_of_cpu[cpu] - *before.busy_of_cpu[cpu];
    busy[*socket + 1] += std::max<std::int64_t>(0, nanoseconds(used));
  }
  return busy;
}

MachineUse EnergyAccountant::Books::take_use(MonotonicTime now) {
  MachineUse use;
  use.busy = take_machine_busy();
  use.core_ns.assign(capacity.size(), 0);
  if (options.claims == nullptr) return use;
  NodeUse all = options.claims->use(now);
  all.core_ns.resize(capacity.size(), 0);
  if (!core_ns_seen.empty()) {
    for (std::size_t part = 0; part < capacity.size(); ++part) {
      use.core_ns[part] = std::max<std::int64_t>(0, all.core_ns[part] - core_ns_seen[part]);
    }
  }
  core_ns_seen = std::move(all.core_ns);
  use.gpus_of_others = std::move(all.gpus_of_others);
  return use;
}

void EnergyAccountant::Books::note_foreign(std::span<const std::int64_t> cpu,
                                           const MachineUse& use) {
  knows_foreign = knows_foreign && use.busy;
  if (!use.busy) return;
  foreign_ns += (*use.busy)[0];
  for (const std::int64_t own : cpu) foreign_ns -= own;
}

/// Reserved cores on a part of the machine; one that is not pinned has the same share of all.
double EnergyAccountant::Books::cores_on(const Account& account, std::size_t part) const {
  const double cores = account.reservation.num_cores;
  if (part == 0) return cores;
  if (account.cpus_on.empty()) return cores * capacity[part] / capacity[0];
  return cores * static_cast<double>(account.cpus_on[part - 1]) /
         static_cast<double>(account.reservation.cpus.size());
}

/// CPU time on a part of the machine: known for one that is pinned to one socket, otherwise spread
/// over its hardware threads, or as the whole machine's is.
std::int64_t EnergyAccountant::Books::cpu_on(const Account& account, std::size_t part,
                                             std::int64_t cpu, const MachineUse& use) const {
  if (part == 0) return cpu;
  if (!account.cpus_on.empty()) {
    return static_cast<std::int64_t>(Wide{cpu} * static_cast<Wide>(account.cpus_on[part - 1]) /
                                     static_cast<Wide>(account.reservation.cpus.size()));
  }
  if (!use.busy || (*use.busy)[0] == 0) {
    return static_cast<std::int64_t>(static_cast<double>(cpu) * capacity[part] / capacity[0]);
  }
  return static_cast<std::int64_t>(Wide{cpu} * (*use.busy)[part] / (*use.busy)[0]);
}

void EnergyAccountant::Books::note_machine(ChannelBook& book, Seconds length,
                                           std::span<const std::int64_t> cpu,
                                           const MachineUse& use) {
  Pending& pending = book.pending;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const Account& account = accounts[open[i]];
    Share& share = pending.share_of(open[i]);
    share.idle += nanoseconds(length * cores_on(account, book.part));
    share.dynamic += cpu_on(account, book.part, cpu[i], use);
  }
  pending.idle_total += std::max(nanoseconds(length * capacity[book.part]), use.core_ns[book.part]);
  if (use.busy) pending.dynamic_total += (*use.busy)[book.part];
  pending.has_guess = pending.has_guess || !use.busy;
}

/// How much of a board an identifier stands for, in parts of kWholeBoard: all of it, the share of a
/// slice, or nothing.
Wide EnergyAccountant::Books::part_of_board(const std::string& uuid, const Channel& board) const {
  if (!board.device_uuid) return 0;
  if (uuid == *board.device_uuid) return kWholeBoard;
  const GpuInfo* const gpu = find_board(options.gpus, uuid);
  if (gpu == nullptr || gpu->uuid != *board.device_uuid) return 0;
  for (const MigSlice& slice : gpu->instances) {
    if (!slice.uuid.starts_with(uuid) || gpu->num_slices == 0) continue;
    return kWholeBoard * std::min(slice.num_slices, gpu->num_slices) / gpu->num_slices;
  }
  return kWholeBoard;
}

/// The same of all that an account has reserved.
Wide EnergyAccountant::Books::part_of_board(const Account& account, const Channel& board) const {
  Wide part = 0;
  for (const std::string& uuid : account.reservation.gpu_uuids) part += part_of_board(uuid, board);
  return std::min(part, kWholeBoard);
}

/// Where more is reserved than there is, everybody has less by the same factor.
void EnergyAccountant::Books::note_gpu(ChannelBook& book, Seconds length, const MachineUse& use) {
  Pending& pending = book.pending;
  Wide reserved = 0;
  bool has_slices = false;
  for (const std::string& uuid : use.gpus_of_others) reserved += part_of_board(uuid, book.channel);
  for (const std::size_t account : open) reserved += part_of_board(accounts[account], book.channel);
  const Wide parts = std::max(reserved, kWholeBoard);
  const Wide time{nanoseconds(length)};
  for (const std::size_t account : open) {
    const Wide part = part_of_board(accounts[account], book.channel);
    if (part == 0) continue;
    Share& share = pending.share_of(account);
    share.idle += time * part * kWholeBoard / parts;
    share.dynamic = share.idle;
    has_slices = has_slices || part < kWholeBoard;
    pending.has_guess = pending.has_guess || part < parts;
  }
  pending.idle_total += time * kWholeBoard;
  pending.dynamic_total = pending.idle_total;
  if (has_slices) pending.split_error = kSliceError;
}

/// From now on the channel is worth no more than what it is read from now.
void EnergyAccountant::Books::fall_back(ChannelBook& book, const FallbackSource& fallback) {
  if (book.fallback == fallback) return;
  book.fallback = fallback;
  book.channel.provenance = std::max(book.channel.provenance, fallback.provenance);
  book.channel.gain_uncertainty =
      std::max(book.channel.gain_uncertainty, fallback.gain_uncertainty);
  notes.push_back(fmt::format("{}: its source failed and another is read: {}, ± {:.0f} %",
                              book.channel.id, to_text(book.channel.provenance),
                              book.channel.gain_uncertainty * 100.0));
}

/// Reads a channel `waited` after the tick; tells how long that took.
Seconds EnergyAccountant::Books::read_channel(std::size_t index, MonotonicTime now,
                                              Seconds waited) {
  ChannelBook& book = channels[index];
  const Result<Reading> reading = book.meter->read(now);
  if (!reading) {
    book.has_ended = reading.error().kind == ErrorKind::Ended;
    return Seconds{};
  }
  WATTUNE_REQUIRE(reading->total >= book.counted);
  if (reading->fallback) fall_back(book, *reading->fallback);
  book.read_at = now;
  book.true_at = std::max(book.true_at, reading->read_at);
  book.off = Seconds{std::abs(elapsed(reading->read_at, now).value())} + reading->carried;
  book.was_read = true;
  book.delay = waited + reading->took;
  const Microjoules energy = reading->total - book.counted;
  if (energy == Microjoules{}) return reading->took;
  book.counted = reading->total;
  settle(index, energy, *reading);
  return reading->took;
}

/// Splits what a channel has drawn since it last moved and books it.
void EnergyAccountant::Books::settle(std::size_t index, Microjoules energy,
                                     const Reading& reading) {
  ChannelBook& book = channels[index];
  const Pending pending = std::exchange(book.pending, Pending{});
  const Seconds length = elapsed(book.moved_at, book.true_at);
  const Microjoules idle =
      std::min(energy, to_microjoules(book.idle_power.value_or(Watts{0.0}) * length));

  // Own readings are not taken at the machine's moment and may exceed it: then nothing is left.
  std::vector<Wide> idle_weights{pending.idle_total};
  std::vector<Wide> dynamic_weights{pending.dynamic_total};
  for (const Share& share : pending.shares) {
    idle_weights.push_back(share.idle);
    dynamic_weights.push_back(share.dynamic);
    idle_weights[0] -= std::min(idle_weights[0], share.idle);
    dynamic_weights[0] -= std::min(dynamic_weights[0], share.dynamic);
  }
  const auto idle_parts = split_exactly(idle.count(), idle_weights);
  const auto dynamic_parts = split_exactly((energy - idle).count(), dynamic_weights);

  const auto power_of = [&](Microjoules amount) {
    return length > Seconds{} ? amount.joules() / length : Watts{};
  };
  const bool is_guess = pending.has_guess || reading.estimated;
  const auto guessed_j2 = [&](Microjoules amount) {
    const double part = reading.uncertainty.value() * (amount.joules() / energy.joules());
    return part * part;
  };
  const auto share_of_others = [&](Microjoules part) {
    return energy > idle ? 1.0 - part.joules() / (energy - idle).joules() : 0.0;
  };
  for (std::size_t i = 0; i < idle_parts.size(); ++i) {
    const std::size_t account = i == 0 ? kRest : pending.shares[i - 1].account;
    Entry& entry = accounts[account].entries[index];
    const Microjoules idle_part{idle_parts[i]};
    const Microjoules dynamic_part{dynamic_parts[i]};
    entry.idle += idle_part;
    entry.dynamic += dynamic_part;
    entry.power = power_of(idle_part + dynamic_part);
    entry.guessed_j2 += guessed_j2(idle_part + dynamic_part);
    entry.split_j += kSplitError * dynamic_part.joules().value() * share_of_others(dynamic_part) +
                     pending.split_error * (idle_part + dynamic_part).joules().value();
    if (is_guess && (i > 0 || entry.power > Watts{})) entry.guessed_at = book.read_at;
  }
  book.idle += idle;
  book.dynamic += energy - idle;
  book.power = power_of(energy);
  book.guessed_j2 += guessed_j2(energy);
  if (reading.estimated) book.guessed_at = book.read_at;
  book.moved_at = book.true_at;
  book.has_moved = true;
}

bool EnergyAccountant::Books::has_part(std::size_t account, const ChannelBook& book) const {
  if (!book.is_gpu() || account == kRest) return true;
  return part_of_board(accounts[account], book.channel) > 0;
}

bool EnergyAccountant::Books::has_unmetered_gpu(const Account& account) const {
  return std::ranges::any_of(account.reservation.gpu_uuids, [&](const std::string& uuid) {
    return std::ranges::none_of(channels, [&](const ChannelBook& book) {
      return book.is_gpu() && part_of_board(uuid, book.channel) > 0;
    });
  });
}

/// The channel as it is, or as it was when the account was closed.
LastSight EnergyAccountant::Books::sight_of(const Account& account, std::size_t channel) const {
  if (account.closed_at) return account.last_sights[channel];
  return channels[channel].sight();
}

WindowPart EnergyAccountant::Books::part_of(const Mark& mark, std::size_t channel,
                                            MonotonicTime end) const {
  const Entry& entry = accounts[mark.account.number()].entries[channel];
  const Mark::Amount& start = mark.per_channel[channel];
  WindowPart part;
  part.idle = entry.idle - start.idle;
  part.dynamic = entry.dynamic - start.dynamic;
  part.guessed_j2 = entry.guessed_j2 - start.guessed_j2;
  part.split_j = entry.split_j - start.split_j;
  part.provenance = channels[channel].channel.provenance;
  if (entry.guessed_at && *entry.guessed_at > mark.at) {
    part.provenance = std::max(part.provenance, Provenance::Modelled);
  }
  note_edges(part, mark, channel, end, entry.power);
  return part;
}

/// The same of everybody together.
WindowPart EnergyAccountant::Books::whole_of(const Mark& mark, std::size_t channel,
                                             MonotonicTime end) const {
  const ChannelBook& book = channels[channel];
  const Mark::Amount& start = mark.per_channel[channel];
  const LastSight sight = sight_of(accounts[mark.account.number()], channel);
  WindowPart part;
  part.idle = sight.idle - start.node_idle;
  part.dynamic = sight.dynamic - start.node_dynamic;
  part.guessed_j2 = sight.guessed_j2 - start.node_guessed_j2;
  part.provenance = book.channel.provenance;
  if (book.guessed_at && *book.guessed_at > mark.at) {
    part.provenance = std::max(part.provenance, Provenance::Modelled);
  }
  note_edges(part, mark, channel, end, book.power);
  return part;
}

void EnergyAccountant::Books::note_edges(WindowPart& part, const Mark& mark, std::size_t channel,
                                         MonotonicTime end, Watts end_power) const {
  const ChannelBook& book = channels[channel];
  const Mark::Amount& start = mark.per_channel[channel];
  const LastSight sight = sight_of(accounts[mark.account.number()], channel);
  if (end == mark.at) {
    part.was_read = sight.read_at >= mark.at;
    return;
  }
  part.was_read = sight.read_at > mark.at;
  part.is_lost = (book.has_ended && sight.read_at < end) || (!part.was_read && !book.has_moved);
  const Watts mean = (part.idle + part.dynamic).joules() / elapsed(mark.at, end);
  part.start_power = std::max(start.power, mean);
  part.end_power = std::max(end_power, mean);
  part.late_start = elapsed(std::min(start.known_at, mark.at), mark.at) + start.off;
  part.late_end = elapsed(std::min(sight.known_at, end), end) + sight.off;
  part.delay_start = start.delay;
  part.delay_end = sight.delay;
}

EnergyAccountant::EnergyAccountant(std::vector<std::unique_ptr<Meter>> meters,
                                   AccountantOptions options, MonotonicTime now)
    : books_(std::make_unique<Books>()) {
  if (!(options.num_cores > 0.0)) throw ConfigError("num_cores of the machine must be above 0");
  books_->options = std::move(options);
  books_->capacity = books_->options.topology.capacity(books_->options.num_cores);
  books_->ticked = now;
  books_->engine_at_start = books_->options.engine_cpu_time();
  static_cast<void>(books_->take_use(now));
  std::vector<Channel> channels;
  for (std::unique_ptr<Meter>& meter : meters) {
    ChannelBook book;
    book.channel = meter->channel();
    channels.push_back(book.channel);
    book.idle_power = meter->idle_power();
    book.part = books_->part_of_channel(book.channel);
    book.read_at = now;
    book.true_at = now;
    if (const Result<Reading> first = meter->read(now)) {
      book.counted = first->total;
      book.true_at = first->read_at;
      book.was_read = true;
    }
    book.moved_at = book.true_at;
    book.meter = std::move(meter);
    books_->channels.push_back(std::move(book));
  }
  require_antichain(channels);
  WATTUNE_REQUIRE(books_->add_account({}) == kRest);
  WATTUNE_REQUIRE(books_->add_account({}) == kEngine);
  books_->open.push_back(kEngine);
}

EnergyAccountant::~EnergyAccountant() = default;
EnergyAccountant::EnergyAccountant(EnergyAccountant&&) noexcept = default;
EnergyAccountant& EnergyAccountant::operator=(EnergyAccountant&&) noexcept = default;

AccountId EnergyAccountant::open(const Reservation& reservation) {
  WATTUNE_REQUIRE(reservation.num_cores >= 0.0);
  const std::size_t account = books_->add_account(reservation);
  books_->open.push_back(account);
  books_->publish_claim();
  return AccountId{static_cast<std::uint32_t>(account)};
}

void EnergyAccountant::close(AccountId id) {
  Account& account = books_->accounts[id.number()];
  WATTUNE_REQUIRE(id != rest() && id != engine() && !account.closed_at);
  account.closed_at = books_->ticked;
  account.foreign_ns_at_end = books_->foreign_ns;
  std::erase(books_->open, id.number());
  for (std::size_t i = 0; i < books_->channels.size(); ++i) {
    ChannelBook& book = books_->channels[i];
    account.last_sights.push_back(book.sight());
    std::erase_if(book.pending.shares,
                  [&](const Share& share) { return share.account == id.number(); });
  }
  books_->publish_claim();
}

AccountId EnergyAccountant::rest() const {
  return AccountId{kRest};
}

AccountId EnergyAccountant::engine() const {
  return AccountId{kEngine};
}

void EnergyAccountant::tick(MonotonicTime now, std::span<const Activity> activities) {
  Books& books = *books_;
  WATTUNE_REQUIRE(now >= books.ticked);
  const Seconds length = elapsed(books.ticked, now);
  const std::vector<std::int64_t> cpu = books.take_activity(activities);
  const MachineUse use = books.take_use(now);
  books.note_foreign(cpu, use);
  Seconds waited;
  for (std::size_t i = 0; i < books.channels.size(); ++i) {
    ChannelBook& book = books.channels[i];
    if (book.has_ended) continue;
    if (book.is_gpu()) {
      books.note_gpu(book, length, use);
    } else {
      books.note_machine(book, length, cpu, use);
    }
    waited += books.read_channel(i, now, waited);
  }
  books.ticked = now;
}

void EnergyAccountant::set_idle_power(const std::string& channel_id, Watts power) {
  const auto book = std::ranges::find(books_->channels, channel_id,
                                      [](const ChannelBook& each) { return each.channel.id; });
  if (book == books_->channels.end() || !(power >= Watts{0.0})) {
    throw ConfigError("idle power of " + channel_id + ": no such channel, or below 0 W");
  }
  book->idle_power = power;
}

EnergyAccountant::Mark EnergyAccountant::mark(AccountId id) const {
  const Account& account = books_->at(id);
  Mark mark{
      id,
      account.closed_at.value_or(books_->ticked),
      Seconds{static_cast<double>(account.foreign_ns_at_end.value_or(books_->foreign_ns)) * 1e-9},
      {}};
  for (std::size_t i = 0; i < account.entries.size(); ++i) {
    const Entry& entry = account.entries[i];
    const LastSight sight = books_->sight_of(account, i);
    mark.per_channel.push_back({entry.idle, entry.dynamic, entry.power, sight.known_at, sight.off,
                                sight.delay, entry.guessed_j2, sight.idle, sight.dynamic,
                                sight.guessed_j2, entry.split_j});
  }
  return mark;
}

EnergyFigure EnergyAccountant::since(const Mark& mark) const {
  const Account& account = books_->at(mark.account);
  WATTUNE_REQUIRE(mark.per_channel.size() == books_->channels.size());
  const MonotonicTime end = account.closed_at.value_or(books_->ticked);
  FigureSum sum;
  bool was_read = false;
  bool is_lost = books_->has_unmetered_gpu(account);
  for (std::size_t i = 0; i < books_->channels.size(); ++i) {
    if (!books_->has_part(mark.account.number(), books_->channels[i])) continue;
    const WindowPart part = books_->part_of(mark, i, end);
    sum.add(part, books_->channels[i].channel);
    was_read = was_read || part.was_read;
    is_lost = is_lost || part.is_lost;
  }
  return sum.figure(is_lost || !was_read);
}

std::vector<EnergyFigure> EnergyAccountant::since_by_channel(const Mark& mark) const {
  const Account& account = books_->at(mark.account);
  const MonotonicTime end = account.closed_at.value_or(books_->ticked);
  std::vector<EnergyFigure> figures;
  for (std::size_t i = 0; i < books_->channels.size(); ++i) {
    if (!books_->has_part(mark.account.number(), books_->channels[i])) {
      figures.push_back(missing_energy());
      continue;
    }
    const WindowPart part = books_->part_of(mark, i, end);
    FigureSum sum;
    sum.add(part, books_->channels[i].channel);
    figures.push_back(sum.figure(part.is_lost || !part.was_read));
  }
  return figures;
}

EnergyFigure EnergyAccountant::node_since(const Mark& mark) const {
  const MonotonicTime end = books_->at(mark.account).closed_at.value_or(books_->ticked);
  FigureSum sum;
  bool was_read = false;
  bool is_lost = false;
  for (std::size_t i = 0; i < books_->channels.size(); ++i) {
    const WindowPart part = books_->whole_of(mark, i, end);
    sum.add(part, books_->channels[i].channel);
    was_read = was_read || part.was_read;
    is_lost = is_lost || part.is_lost;
  }
  return sum.figure(is_lost || !was_read);
}

std::optional<double> EnergyAccountant::foreign_share_since(const Mark& mark) const {
  const Mark now = this->mark(mark.account);
  const Seconds length = elapsed(mark.at, now.at);
  if (!books_->knows_foreign || length <= Seconds{}) return std::nullopt;
  const Seconds used = now.foreign_cpu_time - mark.foreign_cpu_time;
  return std::clamp(used / (length * books_->capacity[0]), 0.0, 1.0);
}

EnergyFigure EnergyAccountant::metered() const {
  FigureSum sum;
  bool was_read = false;
  bool is_lost = false;
  for (const ChannelBook& book : books_->channels) {
    WindowPart part;
    part.idle = book.idle;
    part.dynamic = book.dynamic;
    part.start_power = book.power;
    part.end_power = book.power;
    part.late_end = elapsed(std::min(book.known_at(), books_->ticked), books_->ticked) + book.off;
    part.guessed_j2 = book.guessed_j2;
    part.provenance = book.guessed_at ? std::max(book.channel.provenance, Provenance::Modelled)
                                      : book.channel.provenance;
    sum.add(part, book.channel);
    was_read = was_read || book.was_read;
    is_lost = is_lost || book.has_ended;
  }
  return sum.figure(is_lost || !was_read);
}

std::vector<std::string> EnergyAccountant::take_notes() {
  return std::exchange(books_->notes, {});
}

Watts EnergyAccountant::last_power(AccountId id) const {
  const Account& account = books_->at(id);
  Watts power;
  if (account.closed_at) return power;
  for (const Entry& entry : account.entries) power += entry.power;
  return power;
}

std::vector<Channel> EnergyAccountant::channels() const {
  std::vector<Channel> channels;
  for (const ChannelBook& book : books_->channels) channels.push_back(book.channel);
  return channels;
}

Seconds EnergyAccountant::longest_safe_gap() const {
  Seconds gap = kLongestGap;
  for (const ChannelBook& book : books_->channels) {
    gap = std::min(gap, book.meter->longest_safe_gap());
  }
  return gap;
}

}  // namespace wattune::energy
