#pragma once

#include <optional>
#include <span>
#include <vector>

#include "wattune/base/clock.hpp"

namespace wattune::energy {

/// A part of a window in which one rate holds; nothing where the table does not know the rate.
struct RateBucket {
  WallTime from;
  WallTime until;
  std::optional<double> rate;
};

/// What one kilowatt-hour stands for (grams, money) over time.
///
/// Three shapes: one rate for ever; a week that repeats, in local time of a fixed distance from
/// UTC; spans of wall time. Where a table has no rate, it says so: nothing is extrapolated.
class RateTable {
 public:
  /// A part of the week: minutes since Monday 00:00 local time, up to 10,080.
  struct Band {
    int from_minute = 0;
    int until_minute = 0;
    double rate = 0.0;
    bool operator==(const Band&) const = default;
  };
  struct Span {
    WallTime from;
    WallTime until;
    double rate = 0.0;
    bool operator==(const Span&) const = default;
  };

  /// One rate for ever.
  explicit RateTable(double rate);
  /// A week; bands may be given in any order.
  ///
  /// Errors   ConfigError  an empty list, an empty or overlapping band, one outside the week
  [[nodiscard]] static RateTable weekly(std::vector<Band> bands, std::chrono::minutes utc_offset);
  /// Spans in any order.
  ///
  /// Errors   ConfigError  an empty list, an empty or overlapping span
  [[nodiscard]] static RateTable timed(std::vector<Span> spans);

  /// The one rate; nothing where it changes with time.
  [[nodiscard]] std::optional<double> constant() const;
  [[nodiscard]] std::optional<double> at(WallTime time) const;
  /// Cuts a window where the rate changes: without gap, in order, each longer than 0. A window that
  /// does not end after its begin is one bucket at its end.
  ///
  /// Cost     O(log n) to find the place, then in the number of buckets
  [[nodiscard]] std::vector<RateBucket> buckets(WallTime from, WallTime until) const;
  /// The smallest and the largest rate in the table.
  [[nodiscard]] double lowest() const;
  [[nodiscard]] double highest() const;

  [[nodiscard]] std::span<const Band> bands() const { return bands_; }
  [[nodiscard]] std::chrono::minutes utc_offset() const { return utc_offset_; }
  [[nodiscard]] std::span<const Span> spans() const { return spans_; }

  bool operator==(const RateTable&) const = default;

 private:
  RateTable() = default;

  std::optional<double> constant_;
  std::vector<Band> bands_;
  std::chrono::minutes utc_offset_{0};
  std::vector<Span> spans_;
};

}  // namespace wattune::energy
