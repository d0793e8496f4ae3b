#include "wattune/energy/accountant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "accounts.hpp"
#include "wattune/base/require.hpp"
#include "wattune/energy/channel_tree.hpp"

namespace wattune::energy {
namespace {

constexpr Seconds kLongestGap{30.0};

}  // namespace

/// Which part of the machine a channel's energy is divided over.
std::size_t EnergyAccountant::Books::part_of_channel(const Channel& channel) const {
  if (!channel.socket || options.topology.num_sockets() < 2) return 0;
  const std::optional<std::size_t> index = options.topology.index_of(*channel.socket);
  return index ? *index + 1 : 0;
}

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
