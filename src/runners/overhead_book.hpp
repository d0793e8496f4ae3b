#pragma once

#include "wattune/base/units.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::runners {

/// Books what belongs to no trial: the energy of the engine and of the rest of the machine.
class OverheadBook {
 public:
  OverheadBook(const energy::EnergyAccountant& accountant, MonotonicTime now);

  /// What ended trials have left over is booked at once.
  void note_ended_trial() { has_ended_trials_ = true; }

  /// Whether a trial has ended or `interval` has passed since the last booking.
  [[nodiscard]] bool is_due(MonotonicTime ticked, Seconds interval) const;
  /// Everything since the last booking up to the accountant's last tick, at `ticked`.
  [[nodiscard]] trial::OverheadBooked take(MonotonicTime ticked);

  /// From `hold` to `go_on` the energy is told of elsewhere. Both follow a tick.
  void hold(MonotonicTime ticked);
  void go_on(MonotonicTime ticked);

 private:
  const energy::EnergyAccountant& accountant_;
  energy::EnergyAccountant::Mark engine_mark_;
  energy::EnergyAccountant::Mark rest_mark_;
  MonotonicTime booked_at_;
  EnergyFigure held_engine_;
  EnergyFigure held_rest_;
  Seconds held_duration_;
  bool has_ended_trials_ = false;  // since the last booking
};

}  // namespace wattune::runners
