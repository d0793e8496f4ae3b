#include "overhead_book.hpp"

#include <utility>

namespace wattune::runners {

OverheadBook::OverheadBook(const energy::EnergyAccountant& accountant, MonotonicTime now)
    : accountant_(accountant) {
  go_on(now);
}

bool OverheadBook::is_due(MonotonicTime ticked, Seconds interval) const {
  return has_ended_trials_ || elapsed(booked_at_, ticked) >= interval;
}

trial::OverheadBooked OverheadBook::take(MonotonicTime ticked) {
  has_ended_trials_ = false;
  hold(ticked);
  trial::OverheadBooked event;
  event.duration = std::exchange(held_duration_, Seconds{});
  event.engine = std::exchange(held_engine_, EnergyFigure{});
  event.rest = std::exchange(held_rest_, EnergyFigure{});
  go_on(ticked);
  return event;
}

void OverheadBook::hold(MonotonicTime ticked) {
  held_engine_ += accountant_.since(engine_mark_);
  held_rest_ += accountant_.since(rest_mark_);
  held_duration_ += elapsed(booked_at_, ticked);
}

void OverheadBook::go_on(MonotonicTime ticked) {
  engine_mark_ = accountant_.mark(accountant_.engine());
  rest_mark_ = accountant_.mark(accountant_.rest());
  booked_at_ = ticked;
}

}  // namespace wattune::runners
