#include <algorithm>

#include "accounts.hpp"
#include "wattune/base/require.hpp"

// What an account, or the whole machine, drew in a window, and how sure that is.

namespace wattune::energy {

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

}  // namespace wattune::energy
