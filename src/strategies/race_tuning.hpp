#pragma once

#include <cstddef>

namespace wattune::strategies {

/// Constants of the race, as they were chosen on half of the tasks of docs/race.md.
struct RaceTuning {
  std::size_t num_start = 4;         // configurations before the model decides
  std::size_t num_second = 2;        // of them go to the second rung
  std::size_t num_blind_start = 6;   // the same where nobody has given any
  std::size_t num_blind_second = 3;  // and of those
  std::size_t num_learned = 2;       // of the start at most from earlier studies
  std::size_t num_beside = 2;        // Sobol points beside those, at least
  double eta = 3.0;                  // between rungs
  double first_share = 17.0;         // horizon over first rung
  double slack = 0.5;                // how much worse a paused trial may be, as a logarithm
  double lead_share = 1.0;      // of the best forecast's lead; improvements count from beyond it
  std::size_t follower = 3;     // the forecast that the lead is over
  std::size_t most_ahead = 60;  // at its rung, of a trial that may still go on
  double cost_exponent = 1.0;
  std::size_t num_candidates = 300;
  double local_share = 0.6;
  std::size_t num_parents = 5;
  double smallest_step = 0.03;
  double largest_step = 0.3;
  std::size_t max_values = 260;
  std::size_t fit_rows = 120;
  std::size_t fit_evaluations = 25;
  double fit_growth = 1.2;
  bool warp = true;
};

}  // namespace wattune::strategies
