#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "measurement.hpp"

// Figures of measured runs that all ways to show them share.

namespace wattune::cli {

[[nodiscard]] WallTime end_of(const runners::MeasuredRun& run);
[[nodiscard]] double seconds_of(const runners::MeasuredRun& run);

/// Grams and money of a run, by the rates of its own time.
[[nodiscard]] energy::Footprint footprint_of(const runners::MeasuredRun& run,
                                             const MeasureSetting& setting);

/// The mean over the runs; its uncertainty is that of one run: gain errors do not average out.
[[nodiscard]] EnergyFigure mean_figure(const MeasuredSeries& series, View view,
                                       const MeasureSetting& setting);
[[nodiscard]] Seconds mean_duration(const MeasuredSeries& series);

/// One run has no interval.
[[nodiscard]] std::optional<math::MeanInterval> interval_of(
    const MeasuredSeries& series, const std::function<double(const runners::MeasuredRun&)>& of);
[[nodiscard]] std::optional<math::MeanInterval> energy_interval(const MeasuredSeries& series,
                                                                const MeasureSetting& setting);

/// Of B over A, run by run; nothing where a value is missing or 0.
struct Ratios {
  std::optional<math::RatioInterval> energy;
  std::optional<math::RatioInterval> time;
};
[[nodiscard]] Ratios ratios_of(const MeasuredSeries& first, const MeasuredSeries& second,
                               const MeasureSetting& setting);

}  // namespace wattune::cli
