#include "race_field.hpp"

#include <algorithm>

namespace wattune::strategies {

bool RaceField::beats(const Stand& left, const Stand& right) {
  if (left.violation > right.violation) return false;
  bool is_better = false;
  for (std::size_t k = 0; k < left.losses.size(); ++k) {
    if (left.losses[k] > right.losses[k]) return false;
    is_better = is_better || left.losses[k] < right.losses[k];
  }
  return is_better;
}

void RaceField::update(const trial::Problem& problem, std::span<const CurveValue> values) {
  for (std::size_t i = stands_.size(); i < values.size(); ++i) {
    const CurveValue& value = values[i];
    Stand stand{value.losses, violation_of(problem.constraints, value), 0};
    std::vector<std::size_t>& rivals = at_rung_[value.step];
    for (const std::size_t rival : rivals) {
      if (beats(stands_[rival], stand)) ++stand.num_ahead;
      if (beats(stand, stands_[rival])) ++stands_[rival].num_ahead;
    }
    rivals.push_back(i);
    stands_.push_back(std::move(stand));
    last_.resize(std::max<std::size_t>(last_.size(), value.trial + 1), kNone);
    last_[value.trial] = i;
  }
}

bool RaceField::is_let_go(std::uint32_t trial) const {
  return trial < last_.size() && last_[trial] != kNone &&
         stands_[last_[trial]].num_ahead > most_ahead_;
}

}  // namespace wattune::strategies
