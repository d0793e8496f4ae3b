#include "order_book.hpp"

#include "wattune/base/require.hpp"

namespace wattune::study {

bool is_unfinished(trial::Outcome outcome) {
  switch (outcome) {
    case trial::Outcome::Paused:
    case trial::Outcome::CutBudget:
    case trial::Outcome::Interrupted:
    case trial::Outcome::Lost:
      return true;
    default:
      return false;
  }
}

void OrderBook::apply(const trial::Event& event, WallTime at) {
  if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
    Order& order = orders_[assigned->assignment.trial];
    if (order.is_carried_out) order = Order{};
    order.assignment = assigned->assignment;
  } else if (const auto* reported = std::get_if<trial::Reported>(&event)) {
    Order& order = orders_[reported->trial];
    order.verdict.reset();
    order.reported_at = at;
  } else if (const auto* decided = std::get_if<trial::Decided>(&event)) {
    orders_[decided->trial].verdict = decided->verdict;
  } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
    if (!is_unfinished(ended->outcome)) {
      orders_.erase(ended->trial);
    } else {
      orders_[ended->trial].is_carried_out = ended->outcome == trial::Outcome::Paused;
    }
  }
}

const Order& OrderBook::of(TrialId trial) const {
  const auto found = orders_.find(trial);
  WATTUNE_REQUIRE(found != orders_.end());
  return found->second;
}

}  // namespace wattune::study
