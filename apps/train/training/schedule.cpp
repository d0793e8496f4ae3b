#include "training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wattune::train {
namespace {

constexpr double kRise = 0.3;
constexpr double kFirstDivisor = 25;
constexpr double kLastDivisor = 250'000;

/// Half a cosine from `from` at progress 0 to `to` at progress 1.
double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace

double learning_rate(ScheduleKind kind, double peak, std::int64_t step, std::int64_t total_steps) {
  const double progress = std::min(
      1.0, static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, total_steps)));
  switch (kind) {
    case ScheduleKind::Constant:
      return peak;
    case ScheduleKind::Cosine:
      return half_cosine(peak, 0, progress);
    case ScheduleKind::OneCycle:
      break;
  }
  if (progress < kRise) return half_cosine(peak / kFirstDivisor, peak, progress / kRise);
  return half_cosine(peak, peak / kLastDivisor, (progress - kRise) / (1 - kRise));
}

}  // namespace wattune::train
