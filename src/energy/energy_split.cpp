#include <algorithm>
#include <utility>

#include "accounts.hpp"
#include "wattune/base/require.hpp"
#include "wattune/energy/split_error.hpp"

// What everybody did since a channel last moved, and its energy divided by that.

namespace wattune::energy {
namespace {

/// Nothing tells what a slice of a GPU does; its share of the board is a guess.
constexpr double kSliceError = 0.30;
/// Parts of a board are counted so finely that every number of users up to 16 divides them.
constexpr Wide kWholeBoard = 720720;

}  // namespace

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
  for (std::size_t i = 0; i < idle_parts.size(); ++i) {
    const std::size_t account = i == 0 ? kRest : pending.shares[i - 1].account;
    Entry& entry = accounts[account].entries[index];
    const Microjoules idle_part{idle_parts[i]};
    const Microjoules dynamic_part{dynamic_parts[i]};
    entry.idle += idle_part;
    entry.dynamic += dynamic_part;
    entry.power = power_of(idle_part + dynamic_part);
    entry.guessed_j2 += guessed_j2(idle_part + dynamic_part);
    entry.split_j += split_error(dynamic_part.joules(), (energy - idle).joules()).value() +
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

}  // namespace wattune::energy
