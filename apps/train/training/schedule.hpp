#pragma once

#include <cstdint>

namespace wattune::train {

enum class ScheduleKind { Constant, Cosine, OneCycle };

/// Learning rate of one step, laid out over a full training.
///
/// Cosine falls from the peak to 0. OneCycle rises from peak / 25 over the first 30 % and falls to
/// peak / 250,000, both along half a cosine.
///
/// Takes    step  from 0; from `total_steps` on the last value is kept
/// Source   Loshchilov and Hutter, ICLR 2017, arXiv:1608.03983; Smith and Topin, arXiv:1708.07120
/// Differs  no restarts; momentum does not cycle
double learning_rate(ScheduleKind kind, double peak, std::int64_t step, std::int64_t total_steps);

}  // namespace wattune::train
