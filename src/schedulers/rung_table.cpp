#include "rung_table.hpp"

#include <algorithm>
#include <tuple>

#include "wattune/base/require.hpp"

namespace wattune::schedulers {
namespace {

double first_loss(const Standing& standing) {
  return standing.losses.empty() ? 0.0 : standing.losses.front();
}

}  // namespace

void RungTable::put(Standing standing, std::optional<std::int64_t> weight) {
  const auto [place, is_new] =
      places_.try_emplace(standing.trial.number(), static_cast<Index>(entries_.size()));
  if (!is_new) {
    Entry& entry = entries_[place->second];
    const bool is_same = entry.standing.losses == standing.losses &&
                         entry.standing.violation == standing.violation && entry.weight == weight;
    if (is_same) return;
    entry.standing = std::move(standing);
    entry.weight = weight;
    return rebuild();
  }
  entries_.push_back({std::move(standing), weight});
  insert(place->second);
}

void RungTable::insert(Index index) {
  const Entry& entry = entries_[index];
  known_weight_ += entry.weight.value_or(0);
  num_known_weights_ += entry.weight ? 1 : 0;
  if (is_in_fronts(entry)) return fronts_.add(index, entry.standing.losses);
  const auto place =
      std::ranges::partition_point(order_, [&](Index other) { return comes_before(other, index); });
  order_.insert(place, index);
}

void RungTable::rebuild() {
  order_.clear();
  fronts_.clear();
  known_weight_ = num_known_weights_ = 0;
  for (Index index = 0; index < entries_.size(); ++index) insert(index);
}

bool RungTable::is_in_fronts(const Entry& entry) const {
  return rank_by_ != RankBy::FirstObjective && entry.standing.losses.size() > 1 &&
         entry.standing.is_feasible();
}

bool RungTable::comes_before(Index left, Index right) const {
  const Standing& a = entries_[left].standing;
  const Standing& b = entries_[right].standing;
  if (a.losses.empty() != b.losses.empty()) return b.losses.empty();
  if (const int order = compare_feasibility(a, b); order != 0) return order < 0;
  return std::tuple{first_loss(a), a.trial} < std::tuple{first_loss(b), b.trial};
}

std::int64_t RungTable::weight_of(const Entry& entry) const {
  if (known_weight_ == 0) return 1;
  return entry.weight.value_or(known_weight_ / num_known_weights_);
}

void RungTable::set_gone(TrialId trial, bool is_gone) {
  entries_[places_.at(trial.number())].is_gone = is_gone;
}

std::vector<RungTable::Index> RungTable::by_first_loss(std::vector<Index> front) const {
  std::ranges::sort(front, {}, [&](Index i) {
    return std::tuple{first_loss(entries_[i].standing), entries_[i].standing.trial};
  });
  return front;
}

std::vector<RungTable::Index> RungTable::ordered(const std::vector<Index>& front,
                                                 std::size_t num_wanted) const {
  std::vector<Index> order = by_first_loss(front);
  if (rank_by_ != RankBy::NonDominatedNet) return order;
  return spread(std::move(order), 0, num_wanted);
}

std::vector<RungTable::Index> RungTable::ordered_after_gone(const std::vector<Index>& front) const {
  std::vector<Index> order = by_first_loss(front);
  if (rank_by_ != RankBy::NonDominatedNet) return order;
  const auto rest =
      std::ranges::stable_partition(order, [&](Index i) { return entries_[i].is_gone; });
  return spread(order, static_cast<std::size_t>(rest.begin() - order.begin()), 1);
}

/// The first `num_chosen` of a front, and those of the others that are farthest from them.
std::vector<RungTable::Index> RungTable::spread(std::vector<Index> front, std::size_t num_chosen,
                                                std::size_t num_wanted) const {
  std::vector<std::span<const double>> points;
  points.reserve(front.size());
  for (const Index i : front) points.push_back(fronts_.losses(i));
  std::vector<Index> order(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(num_chosen));
  for (const std::size_t i : spread_order(points, num_chosen, num_wanted)) {
    order.push_back(front[i]);
  }
  return order;
}

template <typename Fits>
std::optional<TrialId> RungTable::first_open(Fits fits) const {
  std::int64_t weight = 0;
  const auto walk = [&](const std::vector<Index>& order) -> std::optional<Index> {
    for (const Index i : order) {
      weight += weight_of(entries_[i]);
      if (!fits(weight) || !entries_[i].is_gone) return i;
    }
    return std::nullopt;
  };
  const auto answer = [&](Index stopped_at) -> std::optional<TrialId> {
    if (!fits(weight)) return std::nullopt;
    return entries_[stopped_at].standing.trial;
  };
  for (const std::vector<Index>& front : fronts_.fronts()) {
    std::int64_t gone = 0;
    std::optional<std::int64_t> lightest;  // of those that have not gone
    for (const Index i : front) {
      const std::int64_t own = weight_of(entries_[i]);
      if (entries_[i].is_gone) gone += own;
      if (!entries_[i].is_gone) lightest = std::min(lightest.value_or(own), own);
    }
    // A net begins with those that have gone: whether one more fits needs no net.
    const bool is_net = rank_by_ == RankBy::NonDominatedNet;
    if (is_net && !fits(weight + gone + lightest.value_or(0))) return std::nullopt;
    if (!lightest && fits(weight + gone)) {
      weight += gone;
    } else if (const auto stopped_at = walk(ordered_after_gone(front))) {
      return answer(*stopped_at);
    }
  }
  if (const auto stopped_at = walk(order_)) return answer(*stopped_at);
  return std::nullopt;
}

std::optional<TrialId> RungTable::next() const {
  std::int64_t whole = known_weight_;
  whole += (static_cast<std::int64_t>(entries_.size()) - num_known_weights_) *
           (num_known_weights_ > 0 ? known_weight_ / num_known_weights_ : 0);
  if (known_weight_ == 0) whole = static_cast<std::int64_t>(entries_.size());
  const std::int64_t quota = whole / static_cast<std::int64_t>(eta_);
  return first_open([&](std::int64_t weight) { return weight <= quota; });
}

std::optional<TrialId> RungTable::best() const {
  return first_open([](std::int64_t) { return true; });
}

std::vector<TrialId> RungTable::waiting_beyond(std::size_t num_at_most) const {
  std::vector<TrialId> beyond;
  for (std::size_t place = num_at_most / eta_; place < order_.size(); ++place) {
    const Entry& entry = entries_[order_[place]];
    if (!entry.is_gone) beyond.push_back(entry.standing.trial);
  }
  return beyond;
}

bool RungTable::is_in_top(TrialId trial) const {
  // The number of trials before one that lies at the quantile, by linear interpolation.
  const std::size_t most_before = (entries_.size() - 1) / eta_;
  const Index index = places_.at(trial.number());
  std::size_t num_before = 0;
  for (const std::vector<Index>& front : fronts_.fronts()) {
    if (num_before > most_before) return false;
    if (std::ranges::count(front, index) > 0) {
      if (num_before + front.size() <= most_before + 1) return true;
      const std::vector<Index> order = ordered(front, most_before + 1 - num_before);
      const auto place = std::ranges::find(order, index) - order.begin();
      return num_before + static_cast<std::size_t>(place) <= most_before;
    }
    num_before += front.size();
  }
  const auto place = std::ranges::find(order_, index) - order_.begin();
  return num_before + static_cast<std::size_t>(place) <= most_before;
}

}  // namespace wattune::schedulers
