#include "wattune/energy/accountant.hpp"

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
  bool has_guess = false;  ///< The split is a guess: a GPU with several users, unknown others.

  Share& share_of(std::size_t account) {
    const auto found = std::ranges::find(shares, account, &Share::account);
    return found != shares.end() ? *found : shares.emplace_back(Share{account, 0, 0});
  }
};

struct ChannelBook {
  std::unique_ptr<Meter> meter;
  Channel channel;
  std::optional<Watts> idle_power;
  Microjoules counted;  ///< The meter's total up to which everything is booked.
  Microjoules idle;
  Microjoules dynamic;
  Watts power;  ///< Over the last step that moved the counter.
  MonotonicTime read_at;
  MonotonicTime moved_at;
  Seconds delay;            ///< It was read so long after the tick, at most.
  double guessed_j2 = 0.0;  ///< As in a mark.
  std::optional<MonotonicTime> guessed_at;
  bool was_read = false;
  bool has_moved = false;
  bool has_ended = false;
  Pending pending;

  [[nodiscard]] bool is_gpu() const { return energy::is_gpu(channel.kind); }

  /// Until when the total is known: a hardware counter that stands still for longer than one of its
  /// steps has said nothing since, although it could be read.
  [[nodiscard]] MonotonicTime known_at() const {
    return channel.provenance == Provenance::Measured
               ? std::min(read_at, after(moved_at, channel.refresh))
               : read_at;
  }
};

/// What one account has on one channel.
struct Entry {
  Microjoules idle;
  Microjoules dynamic;
  Watts power;
  MonotonicTime read_at;   ///< Of the channel when the account was closed.
  MonotonicTime known_at;  ///< Likewise.
  Seconds delay;           ///< Likewise.
  double guessed_j2 = 0.0;
  std::optional<MonotonicTime> guessed_at;
};

struct Account {
  Reservation reservation;
  Seconds cpu_seen;
  std::optional<MonotonicTime> closed_at;
  std::vector<Entry> entries;
};

}  // namespace

struct EnergyAccountant::Books {
  AccountantOptions options;
  std::vector<ChannelBook> channels;
  std::vector<Account> accounts;
  std::vector<std::size_t> open;  ///< Ascending; without the rest.
  MonotonicTime ticked;
  std::optional<Seconds> machine_busy;
  Seconds engine_at_start;

  std::size_t add_account(const Reservation& reservation);
  const Account& at(AccountId id) const;

  std::vector<std::int64_t> take_activity(std::span<const Activity> activities);
  std::optional<Seconds> take_machine_busy();
  void note_machine(ChannelBook& book, Seconds length, std::span<const std::int64_t> cpu,
                    std::optional<Seconds> busy);
  void note_gpu(ChannelBook& book, Seconds length);
  Seconds read_channel(std::size_t index, MonotonicTime now, Seconds waited);
  void settle(std::size_t index, Microjoules energy, const Reading& reading);

  [[nodiscard]] bool has_part(std::size_t account, const ChannelBook& book) const;
  [[nodiscard]] bool has_unmetered_gpu(const Account& account) const;
  [[nodiscard]] WindowPart part_of(const Mark& mark, std::size_t channel, MonotonicTime end) const;
};

std::size_t EnergyAccountant::Books::add_account(const Reservation& reservation) {
  Account account;
  account.reservation = reservation;
  account.entries.resize(channels.size());
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

/// Busy time of the whole machine since it could last be read.
std::optional<Seconds> EnergyAccountant::Books::take_machine_busy() {
  const Result<MachineCpuTime> now = read_machine_cpu(options.proc_root);
  if (!now) return std::nullopt;
  const Seconds before = std::exchange(machine_busy, now->busy).value_or(now->busy);
  return std::max(Seconds{0.0}, now->busy - before);
}

void EnergyAccountant::Books::note_machine(ChannelBook& book, Seconds length,
                                           std::span<const std::int64_t> cpu,
                                           std::optional<Seconds> busy) {
  Pending& pending = book.pending;
  for (std::size_t i = 0; i < open.size(); ++i) {
    Share& share = pending.share_of(open[i]);
    share.idle += nanoseconds(length * accounts[open[i]].reservation.num_cores);
    share.dynamic += cpu[i];
  }
  pending.idle_total += nanoseconds(length * options.num_cores);
  if (busy) pending.dynamic_total += nanoseconds(*busy);
  pending.has_guess = pending.has_guess || !busy;
}

void EnergyAccountant::Books::note_gpu(ChannelBook& book, Seconds length) {
  Pending& pending = book.pending;
  std::vector<std::size_t> users;
  for (const std::size_t account : open) {
    if (has_part(account, book)) users.push_back(account);
  }
  // Weights are counted in parts of a nanosecond that every number of users up to 16 divides.
  constexpr Wide kFine = 720720;
  const Wide whole = Wide{nanoseconds(length)} * kFine;
  for (const std::size_t account : users) {
    Share& share = pending.share_of(account);
    share.idle += whole / static_cast<Wide>(users.size());
    share.dynamic = share.idle;
  }
  pending.idle_total += whole;
  pending.dynamic_total = pending.idle_total;
  pending.has_guess = pending.has_guess || users.size() > 1;
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
  book.read_at = now;
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
  const Seconds length = elapsed(book.moved_at, book.read_at);
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
    if (is_guess && (i > 0 || entry.power > Watts{})) entry.guessed_at = book.read_at;
  }
  book.idle += idle;
  book.dynamic += energy - idle;
  book.power = power_of(energy);
  book.guessed_j2 += guessed_j2(energy);
  if (reading.estimated) book.guessed_at = book.read_at;
  book.moved_at = book.read_at;
  book.has_moved = true;
}

bool EnergyAccountant::Books::has_part(std::size_t account, const ChannelBook& book) const {
  if (!book.is_gpu() || account == kRest) return true;
  const std::vector<std::string>& reserved = accounts[account].reservation.gpu_uuids;
  return book.channel.device_uuid && std::ranges::count(reserved, *book.channel.device_uuid) > 0;
}

bool EnergyAccountant::Books::has_unmetered_gpu(const Account& account) const {
  return std::ranges::any_of(account.reservation.gpu_uuids, [&](const std::string& uuid) {
    return std::ranges::none_of(channels, [&](const ChannelBook& book) {
      return book.is_gpu() && book.channel.device_uuid == uuid;
    });
  });
}

WindowPart EnergyAccountant::Books::part_of(const Mark& mark, std::size_t channel,
                                            MonotonicTime end) const {
  const ChannelBook& book = channels[channel];
  const Account& account = accounts[mark.account.number()];
  const Entry& entry = account.entries[channel];
  const Mark::Amount& start = mark.per_channel[channel];
  const MonotonicTime read_at = account.closed_at ? entry.read_at : book.read_at;
  const MonotonicTime known_at = account.closed_at ? entry.known_at : book.known_at();

  WindowPart part;
  part.idle = entry.idle - start.idle;
  part.dynamic = entry.dynamic - start.dynamic;
  part.provenance = book.channel.provenance;
  if (entry.guessed_at && *entry.guessed_at > mark.at) {
    part.provenance = std::max(part.provenance, Provenance::Modelled);
  }
  if (end == mark.at) {
    part.was_read = read_at >= mark.at;
    return part;
  }
  part.was_read = read_at > mark.at;
  part.is_lost = (book.has_ended && read_at < end) || (!part.was_read && !book.has_moved);
  const Watts mean = (part.idle + part.dynamic).joules() / elapsed(mark.at, end);
  part.start_power = std::max(start.power, mean);
  part.end_power = std::max(entry.power, mean);
  part.late_start = elapsed(std::min(start.known_at, mark.at), mark.at);
  part.late_end = elapsed(std::min(known_at, end), end);
  part.delay_start = start.delay;
  part.delay_end = account.closed_at ? entry.delay : book.delay;
  part.guessed_j2 = entry.guessed_j2 - start.guessed_j2;
  return part;
}

EnergyAccountant::EnergyAccountant(std::vector<std::unique_ptr<Meter>> meters,
                                   AccountantOptions options, MonotonicTime now)
    : books_(std::make_unique<Books>()) {
  if (!(options.num_cores > 0.0)) throw ConfigError("num_cores of the machine must be above 0");
  books_->options = std::move(options);
  books_->ticked = now;
  books_->engine_at_start = books_->options.engine_cpu_time();
  static_cast<void>(books_->take_machine_busy());
  std::vector<Channel> channels;
  for (std::unique_ptr<Meter>& meter : meters) {
    ChannelBook book;
    book.channel = meter->channel();
    channels.push_back(book.channel);
    book.idle_power = meter->idle_power();
    book.read_at = now;
    book.moved_at = now;
    if (const Result<Reading> first = meter->read(now)) {
      book.counted = first->total;
      book.was_read = true;
    }
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
  return AccountId{static_cast<std::uint32_t>(account)};
}

void EnergyAccountant::close(AccountId id) {
  Account& account = books_->accounts[id.number()];
  WATTUNE_REQUIRE(id != rest() && id != engine() && !account.closed_at);
  account.closed_at = books_->ticked;
  std::erase(books_->open, id.number());
  for (std::size_t i = 0; i < books_->channels.size(); ++i) {
    ChannelBook& book = books_->channels[i];
    account.entries[i].read_at = book.read_at;
    account.entries[i].known_at = book.known_at();
    account.entries[i].delay = book.delay;
    std::erase_if(book.pending.shares,
                  [&](const Share& share) { return share.account == id.number(); });
  }
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
  const std::optional<Seconds> busy = books.take_machine_busy();
  Seconds waited;
  for (std::size_t i = 0; i < books.channels.size(); ++i) {
    ChannelBook& book = books.channels[i];
    if (book.has_ended) continue;
    if (book.is_gpu()) {
      books.note_gpu(book, length);
    } else {
      books.note_machine(book, length, cpu, busy);
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
  Mark mark{id, account.closed_at.value_or(books_->ticked), {}};
  for (std::size_t i = 0; i < account.entries.size(); ++i) {
    const Entry& entry = account.entries[i];
    const ChannelBook& book = books_->channels[i];
    const bool is_closed = account.closed_at.has_value();
    mark.per_channel.push_back({entry.idle, entry.dynamic, entry.power,
                                is_closed ? entry.known_at : book.known_at(),
                                is_closed ? entry.delay : book.delay, entry.guessed_j2});
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
    part.late_end = elapsed(std::min(book.known_at(), books_->ticked), books_->ticked);
    part.guessed_j2 = book.guessed_j2;
    part.provenance = book.guessed_at ? std::max(book.channel.provenance, Provenance::Modelled)
                                      : book.channel.provenance;
    sum.add(part, book.channel);
    was_read = was_read || book.was_read;
    is_lost = is_lost || book.has_ended;
  }
  return sum.figure(is_lost || !was_read);
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
