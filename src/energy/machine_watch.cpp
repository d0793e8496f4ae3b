#include "wattune/energy/machine_watch.hpp"

#include <algorithm>
#include <utility>

namespace wattune::energy {
namespace {

constexpr double kFewestSteps = 5.0;

/// The part of one account in a channel; nothing where it has none by its nature.
std::optional<EnergyFigure> part_of(const EnergyAccountant& accountant,
                                    const EnergyAccountant::Mark& mark, const Channel& channel,
                                    const EnergyFigure& figure) {
  const bool has_no_part = is_gpu(channel.kind) && mark.account != accountant.rest() &&
                           figure.is_missing() && figure.total() == Microjoules{};
  if (has_no_part) return std::nullopt;
  return figure;
}

}  // namespace

std::vector<EnergyAccountant::Mark> mark_machine(const EnergyAccountant& accountant,
                                                 const std::vector<AccountId>& accounts) {
  std::vector<EnergyAccountant::Mark> marks{accountant.mark(accountant.rest()),
                                            accountant.mark(accountant.engine())};
  for (const AccountId account : accounts) marks.push_back(accountant.mark(account));
  return marks;
}

std::vector<EnergyFigure> machine_since(const EnergyAccountant& accountant,
                                        const std::vector<EnergyAccountant::Mark>& marks) {
  const std::vector<Channel> channels = accountant.channels();
  std::vector<std::optional<EnergyFigure>> sums(channels.size());
  for (const EnergyAccountant::Mark& mark : marks) {
    const std::vector<EnergyFigure> figures = accountant.since_by_channel(mark);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const auto part = part_of(accountant, mark, channels[i], figures[i]);
      if (part) sums[i] = sums[i] ? *sums[i] + *part : *part;
    }
  }
  std::vector<EnergyFigure> figures;
  for (const auto& sum : sums) {
    EnergyFigure figure = sum.value_or(missing_energy());
    if (figure.total() == Microjoules{}) figure.provenance = Provenance::Missing;
    figures.push_back(figure);
  }
  return figures;
}

EnergyFigure sum_of(const std::vector<EnergyFigure>& channels) {
  if (channels.empty()) return missing_energy();
  EnergyFigure sum;
  for (const EnergyFigure& channel : channels) sum += channel;
  return sum;
}

MachineWatch::MachineWatch(std::vector<std::unique_ptr<Meter>> meters, AccountantOptions options,
                           MonotonicTime now)
    : accountant_(std::move(meters), std::move(options), now), began_(now), ticked_(now) {
  start_ = mark_machine(accountant_);
  for (Channel& channel : accountant_.channels()) {
    channels_.push_back({std::move(channel), missing_energy()});
  }
  moved_total_.resize(channels_.size());
  moved_at_.assign(channels_.size(), now);
}

void MachineWatch::tick(MonotonicTime now) {
  const std::vector<EnergyAccountant::Mark> before = mark_machine(accountant_);
  accountant_.tick(now, {});
  ticked_ = now;
  const std::vector<EnergyFigure> energies = machine_since(accountant_, start_);
  const std::vector<EnergyFigure> steps = machine_since(accountant_, before);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    WatchedChannel& watched = channels_[i];
    watched.energy = energies[i];
    watched.mean.reset();
    if (!watched.energy.is_missing() && now > began_) {
      watched.mean = watched.energy.total().joules() / duration();
    }
    const Microjoules step = watched.energy.total() - moved_total_[i];
    const bool has_moved = !steps[i].is_missing() && step > Microjoules{};
    // Over less than a few steps of the counter the edges would make up the power.
    const bool is_long = elapsed(moved_at_[i], now) > watched.channel.refresh * kFewestSteps;
    if (has_moved && is_long) {
      watched.power = step.joules() / elapsed(moved_at_[i], now);
      moved_total_[i] = watched.energy.total();
      moved_at_[i] = now;
    } else if (is_long) {
      watched.power.reset();
    }
  }
}

EnergyFigure MachineWatch::total() const {
  std::vector<EnergyFigure> figures;
  for (const WatchedChannel& watched : channels_) figures.push_back(watched.energy);
  return sum_of(figures);
}

std::optional<Watts> MachineWatch::power() const {
  if (channels_.empty()) return std::nullopt;
  Watts sum;
  for (const WatchedChannel& watched : channels_) {
    if (!watched.power) return std::nullopt;
    sum += *watched.power;
  }
  return sum;
}

}  // namespace wattune::energy
