#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "rung_fronts.hpp"
#include "wattune/schedulers/ranking.hpp"

namespace wattune::schedulers {

/// The trials that have got to a rung, in order, one at a time.
///
/// Feasible before infeasible, unknown losses last, and among those that are feasible as `RankBy`
/// says; where all is equal the older trial comes first. Inside a front that is cut by the quota
/// the net goes on from the trials that have left the rung, so that what was promoted before and
/// what is promoted now are spread over the front together.
///
/// Cost     put: O(n), with fronts a comparison with a part of the trials; next: O(n / eta)
class RungTable {
 public:
  RungTable(RankBy rank_by, std::size_t eta) : rank_by_(rank_by), eta_(eta) {}

  /// Takes a trial in, or takes note that what is known of it has changed.
  ///
  /// Takes    weight  what it counts in the quota; nothing for the mean of the others
  void put(Standing standing, std::optional<std::int64_t> weight = 1);
  [[nodiscard]] bool contains(TrialId trial) const { return places_.contains(trial.number()); }
  /// Has it left for a higher rung, or can it never?
  void set_gone(TrialId trial, bool is_gone);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// The best of those that have not gone, where it is in the first 1/eta of the rung by weight.
  [[nodiscard]] std::optional<TrialId> next() const;
  /// The best of those that have not gone.
  [[nodiscard]] std::optional<TrialId> best() const;
  /// Of those that have not gone, who would not be in the first 1/eta of `num_at_most` trials even
  /// if all that are missing were worse. One objective, quota by trials.
  [[nodiscard]] std::vector<TrialId> waiting_beyond(std::size_t num_at_most) const;
  /// Is a trial of the rung at least as good as the quantile 1/eta, by the number of trials?
  [[nodiscard]] bool is_in_top(TrialId trial) const;

 private:
  struct Entry {
    Standing standing;
    std::optional<std::int64_t> weight;
    bool is_gone = false;
  };
  using Index = std::uint32_t;

  void insert(Index index);
  void rebuild();
  [[nodiscard]] bool is_in_fronts(const Entry& entry) const;
  [[nodiscard]] bool comes_before(Index left, Index right) const;
  [[nodiscard]] std::int64_t weight_of(const Entry& entry) const;
  [[nodiscard]] std::vector<Index> by_first_loss(std::vector<Index> front) const;
  /// The members of a front, best first. Of a net: as many as are wanted.
  [[nodiscard]] std::vector<Index> ordered(const std::vector<Index>& front,
                                           std::size_t num_wanted) const;
  /// The same with those of a net first that have gone, and one more.
  [[nodiscard]] std::vector<Index> ordered_after_gone(const std::vector<Index>& front) const;
  [[nodiscard]] std::vector<Index> spread(std::vector<Index> front, std::size_t num_chosen,
                                          std::size_t num_wanted) const;
  /// The first in order that has not gone, while `fits` holds for the weight up to and with it.
  template <typename Fits>
  [[nodiscard]] std::optional<TrialId> first_open(Fits fits) const;

  RankBy rank_by_;
  std::size_t eta_;
  std::vector<Entry> entries_;
  std::unordered_map<std::uint32_t, Index> places_;  // by trial number
  std::vector<Index> order_;                         // of those that are in no front
  RungFronts fronts_;
  std::int64_t known_weight_ = 0;
  std::int64_t num_known_weights_ = 0;
};

}  // namespace wattune::schedulers
