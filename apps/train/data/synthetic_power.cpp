#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "data/power_series.hpp"
#include "training/counter_random.hpp"

namespace wattune::train {
namespace {

constexpr std::uint64_t kSeed = 2006;
constexpr std::int64_t kMinutesPerDay = 1440;
constexpr double kDaysPerYear = 365.25;

/// Sum of `Times` uniform numbers, centred: close to a normal distribution, without logarithms.
template <int Times>
double noise(CounterRandom& random) {
  double sum = 0;
  for (int i = 0; i < Times; ++i) sum += random.uniform() - 0.5;
  return sum;
}

/// 1 at `peak` minutes after midnight, falling to 0 over `width` minutes on both sides.
double hump(std::int64_t minute, double peak, double width) {
  const double distance = std::abs(static_cast<double>(minute) - peak);
  return distance < width ? 1 - distance / width : 0;
}

/// An appliance that somebody starts now and then and that runs for a while.
class Appliance {
 public:
  Appliance(double watt_minutes, std::int64_t shortest, std::int64_t longest)
      : energy_(watt_minutes), shortest_(shortest), longest_(longest) {}

  /// Takes    chance  of being started in this minute
  /// Gives    watt-hours of active energy in this minute
  double next(double chance, CounterRandom& random) {
    const bool starts = random.uniform() < chance;
    const auto spread = static_cast<std::uint32_t>(longest_ - shortest_ + 1);
    const std::int64_t length = shortest_ + random.below(spread);
    if (left_ == 0 && starts) left_ = length;
    if (left_ == 0) return 0;
    --left_;
    return energy_ * (1 + 0.1 * noise<2>(random));
  }

 private:
  double energy_;
  std::int64_t shortest_;
  std::int64_t longest_;
  std::int64_t left_ = 0;
};

class Household {
 public:
  std::vector<double> next() {
    const std::int64_t minute = minute_ % kMinutesPerDay;
    const std::int64_t day = minute_ / kMinutesPerDay;
    ++minute_;
    if (minute == 0) open_day(day);
    const double wakefulness = 0.15 + 0.5 * hump(minute, 7.5 * 60, 120) +
                               (is_weekend_ ? 0.5 : 0.2) * hump(minute, 13 * 60, 180) +
                               hump(minute, 20 * 60, 240);

    const double kitchen = kitchen_.next(0.008 * wakefulness, random_);
    const double laundry = laundry_.next((is_weekend_ ? 0.006 : 0.002) * wakefulness, random_);
    const double heater =
        heater_.next(0.01 * (0.4 + warmth_needed_) * (0.3 + wakefulness), random_);
    drift_ = 0.97 * drift_ + 0.05 * noise<4>(random_);
    const double other = std::max(
        0.05, 0.2 + 0.5 * wakefulness + 0.4 * warmth_needed_ * wakefulness + drift_);  // kW
    const double active = other + 0.06 * (kitchen + laundry + heater);  // Wh a minute to kW
    const double voltage = 241 - 0.6 * active + 1.5 * noise<4>(random_);
    const double reactive = std::max(0.0, 0.05 + 0.04 * active + 0.05 * noise<4>(random_));
    const double intensity = 1000 * std::hypot(active, reactive) / voltage;
    return {active, reactive, voltage, intensity, kitchen, laundry, heater};
  }

 private:
  void open_day(std::int64_t day) {
    is_weekend_ = day % 7 >= 5;
    const double season = std::cos(2 * std::numbers::pi * static_cast<double>(day) / kDaysPerYear);
    weather_ = 0.8 * weather_ + 0.15 * noise<4>(random_);
    warmth_needed_ = std::max(0.0, 0.5 + 0.5 * season + weather_);
  }

  CounterRandom random_{kSeed, Stream::Initial, 0};
  Appliance kitchen_{30, 5, 45};
  Appliance laundry_{25, 30, 90};
  Appliance heater_{18, 15, 60};
  std::int64_t minute_ = 0;
  bool is_weekend_ = false;
  double weather_ = 0;
  double warmth_needed_ = 0;
  double drift_ = 0;
};

}  // namespace

Series make_synthetic_power(std::int64_t num_minutes, std::int64_t lines_per_step) {
  StepMeans means({"global_active_power", "global_reactive_power", "voltage", "global_intensity",
                   "sub_metering_1", "sub_metering_2", "sub_metering_3"},
                  lines_per_step);
  Household household;
  for (std::int64_t minute = 0; minute < num_minutes; ++minute) means.add(household.next());
  return means.take();
}

}  // namespace wattune::train
