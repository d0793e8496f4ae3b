#pragma once

#include <cstddef>

namespace wattune::strategies {

/// Constants of the race, as they were chosen on half of the tasks of docs/race.md.
struct RaceTuning {
  std::size_t num_start = 10;    // configurations before the model decides
  std::size_t num_second = 3;    // of them go to the second rung
  double eta = 3.0;              // between rungs
  double first_share = 17.0;     // horizon over first rung
  double slack = 2.0;            // how much worse a paused trial may be, as a logarithm
  double ambition = 0.05;        // improvements count from here on, in units of best to median
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
  int variant = 0;
  double x = 0.0;  // free
};

}  // namespace wattune::strategies
