#include "schedule/moasha.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "wattune/base/random.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kEta = 3;

using Losses = std::vector<double>;

/// Farthest-point order of one front, on objectives scaled to their range.
std::vector<std::size_t> net_order(const std::vector<Losses>& front) {
  std::vector<double> low = front.front();
  std::vector<double> high = front.front();
  for (const Losses& losses : front) {
    for (std::size_t k = 0; k < losses.size(); ++k) {
      low[k] = std::min(low[k], losses[k]);
      high[k] = std::max(high[k], losses[k]);
    }
  }
  const auto distance = [&](std::size_t i, std::size_t j) {
    double sum = 0.0;
    for (std::size_t k = 0; k < low.size(); ++k) {
      const double span = high[k] - low[k];
      const double gap = span > 0.0 ? (front[i][k] - front[j][k]) / span : 0.0;
      sum += gap * gap;
    }
    return sum;
  };
  std::vector<double> nearest(front.size(), std::numeric_limits<double>::infinity());
  std::vector<std::size_t> order;
  std::size_t next = 0;
  for (std::size_t i = 1; i < front.size(); ++i) {
    if (front[i][0] < front[next][0]) next = i;
  }
  while (true) {
    order.push_back(next);
    nearest[next] = -1.0;
    if (order.size() == front.size()) return order;
    for (std::size_t i = 0; i < front.size(); ++i) {
      if (nearest[i] >= 0.0) nearest[i] = std::min(nearest[i], distance(i, order.back()));
    }
    next = static_cast<std::size_t>(std::ranges::max_element(nearest) - nearest.begin());
  }
}

bool dominates(const Losses& left, const Losses& right) {
  bool is_better = false;
  for (std::size_t k = 0; k < left.size(); ++k) {
    if (left[k] > right[k]) return false;
    is_better = is_better || left[k] < right[k];
  }
  return is_better;
}

/// Place of the last item, 0 for the first, by fronts and the net.
std::size_t rank_of_last(const std::vector<Losses>& items) {
  std::vector<std::size_t> left(items.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  std::size_t place = 0;
  while (true) {
    std::vector<std::size_t> front;
    for (const std::size_t i : left) {
      const bool is_beaten =
          std::ranges::any_of(left, [&](std::size_t j) { return dominates(items[j], items[i]); });
      if (!is_beaten) front.push_back(i);
    }
    if (std::ranges::count(front, items.size() - 1) > 0) {
      std::vector<Losses> losses;
      for (const std::size_t i : front) losses.push_back(items[i]);
      for (const std::size_t i : net_order(losses)) {
        if (front[i] == items.size() - 1) return place;
        ++place;
      }
    }
    place += front.size();
    std::erase_if(left, [&](std::size_t i) { return std::ranges::count(front, i) > 0; });
  }
}

class CorrectedMoasha final : public strategies::Strategy {
 public:
  explicit CorrectedMoasha(const trial::Problem& problem) {
    for (double step = 1.0; step < problem.resource.max; step *= kEta) rungs_[step] = {};
  }

  [[nodiscard]] strategies::Next next(const trial::History& history) override {
    const trial::Problem& problem = history.problem();
    const TrialId id = history.next_trial_id();
    Rng rng{problem.seed, id.number()};
    strategies::NewTrial fresh;
    fresh.configuration = problem.space.sample(rng).value();
    fresh.assignment.trial = id;
    fresh.assignment.to = problem.resource.max;
    return fresh;
  }

  [[nodiscard]] trial::Verdict decide(const trial::History& history, TrialId id) override {
    const auto rung = rungs_.find(history.trial(id).step());
    if (rung == rungs_.end()) return trial::Verdict::Continue;
    rung->second.push_back(history.losses(history.trial(id)).value());
    const std::size_t num_kept = std::max<std::size_t>(1, rung->second.size() / kEta);
    return rank_of_last(rung->second) < num_kept ? trial::Verdict::Continue : trial::Verdict::Stop;
  }

  [[nodiscard]] std::string progress(const trial::History&) const override { return {}; }
  [[nodiscard]] std::vector<std::string> notes(const trial::History&) const override { return {}; }
  [[nodiscard]] std::string describe() const override { return "corrected MOASHA"; }

 private:
  std::map<double, std::vector<Losses>> rungs_;
};

}  // namespace

std::unique_ptr<strategies::Strategy> make_corrected_moasha(const trial::Problem& problem) {
  return std::make_unique<CorrectedMoasha>(problem);
}

}  // namespace wattune::bench
