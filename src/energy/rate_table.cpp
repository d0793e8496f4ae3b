#include "wattune/energy/rate_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::energy {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;

constexpr int kMinutesPerWeek = 7 * 24 * 60;

/// A piece of time with one rate, in whatever counts time.
struct Piece {
  WallTime from;
  WallTime until;
  double rate;
};

/// The Monday 00:00, local time expressed as if it were UTC, of the week that holds `local`.
WallTime week_of(WallTime local) {
  const auto day = floor<days>(local);
  const auto since_monday = std::chrono::weekday{day} - std::chrono::Monday;
  return WallTime{day - since_monday};
}

/// What `pieces` say about the window: their parts inside it, and the holes between them.
/// `pieces` are in order and do not overlap.
template <typename Next>
std::vector<RateBucket> cut(WallTime from, WallTime until, Next next) {
  std::vector<RateBucket> buckets;
  WallTime done = from;
  while (done < until) {
    const std::optional<Piece> piece = next();
    if (!piece || piece->from >= until) break;
    if (piece->until <= done) continue;
    const WallTime begin = std::max(piece->from, done);
    if (begin > done) buckets.push_back({done, begin, std::nullopt});
    done = std::min(piece->until, until);
    if (!buckets.empty() && buckets.back().until == begin && buckets.back().rate == piece->rate) {
      buckets.back().until = done;
    } else {
      buckets.push_back({begin, done, piece->rate});
    }
  }
  if (done < until) buckets.push_back({done, until, std::nullopt});
  return buckets;
}

void check_rate(double rate) {
  if (!std::isfinite(rate)) throw ConfigError("a rate must be a finite number");
}

}  // namespace

RateTable::RateTable(double rate) : constant_(rate) {
  check_rate(rate);
}

RateTable RateTable::weekly(std::vector<Band> bands, minutes utc_offset) {
  std::ranges::sort(bands, {}, &Band::from_minute);
  if (bands.empty()) throw ConfigError("a week of rates needs at least one band");
  int last = 0;
  for (const Band& band : bands) {
    check_rate(band.rate);
    if (band.from_minute >= band.until_minute || band.until_minute > kMinutesPerWeek) {
      throw ConfigError(fmt::format("a band from minute {} to minute {} is not part of a week",
                                    band.from_minute, band.until_minute));
    }
    if (band.from_minute < last) {
      throw ConfigError(
          fmt::format("two bands overlap at minute {} of the week", band.from_minute));
    }
    last = band.until_minute;
  }
  RateTable table;
  table.bands_ = std::move(bands);
  table.utc_offset_ = utc_offset;
  return table;
}

RateTable RateTable::timed(std::vector<Span> spans) {
  std::ranges::sort(spans, {}, &Span::from);
  if (spans.empty()) throw ConfigError("a table of rates needs at least one row");
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check_rate(spans[i].rate);
    if (spans[i].from >= spans[i].until) {
      throw ConfigError(fmt::format("the time from {} is empty", iso_text(spans[i].from)));
    }
    if (i > 0 && spans[i].from < spans[i - 1].until) {
      throw ConfigError(fmt::format("two rows overlap at {}", iso_text(spans[i].from)));
    }
  }
  RateTable table;
  table.spans_ = std::move(spans);
  return table;
}

std::optional<double> RateTable::constant() const {
  return constant_;
}

std::optional<double> RateTable::at(WallTime time) const {
  return buckets(time, time + WallTime::duration{1}).front().rate;
}

std::vector<RateBucket> RateTable::buckets(WallTime from, WallTime until) const {
  if (until <= from) return {{until, until, at(until)}};
  if (constant_) return {{from, until, constant_}};
  if (!spans_.empty()) {
    auto span = std::ranges::upper_bound(spans_, from, {}, &Span::until);
    return cut(from, until, [&]() -> std::optional<Piece> {
      if (span == spans_.end()) return std::nullopt;
      const Span& here = *span++;
      return Piece{here.from, here.until, here.rate};
    });
  }
  WallTime week = week_of(from + utc_offset_) - utc_offset_;
  std::size_t i = 0;
  return cut(from, until, [&]() -> std::optional<Piece> {
    if (i == bands_.size()) {
      i = 0;
      week += days{7};
    }
    const Band& band = bands_[i++];
    return Piece{week + minutes{band.from_minute}, week + minutes{band.until_minute}, band.rate};
  });
}

double RateTable::lowest() const {
  if (constant_) return *constant_;
  if (!spans_.empty()) return std::ranges::min(spans_, {}, &Span::rate).rate;
  return std::ranges::min(bands_, {}, &Band::rate).rate;
}

double RateTable::highest() const {
  if (constant_) return *constant_;
  if (!spans_.empty()) return std::ranges::max(spans_, {}, &Span::rate).rate;
  return std::ranges::max(bands_, {}, &Band::rate).rate;
}

}  // namespace wattune::energy
