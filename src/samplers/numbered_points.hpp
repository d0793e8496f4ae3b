#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "wattune/space/configuration.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::samplers {

/// Counts the trials whose configuration a sampler chose; remembers how far it has counted.
class SamplerTrialCount {
 public:
  std::size_t of(const trial::History& history) {
    const auto trials = history.trials();
    for (; num_seen_ < trials.size(); ++num_seen_) {
      if (trials[num_seen_].origin() == trial::Origin::Sampler) ++count_;
    }
    return count_;
  }

 private:
  std::size_t num_seen_ = 0;
  std::size_t count_ = 0;
};

/// A place in a numbered sequence of points: what is there, if it is allowed, and the next place
/// worth a look.
struct NumberedPoint {
  std::optional<space::Configuration> configuration;
  std::uint64_t next = 0;
};

/// Finds the n-th allowed point of a numbered sequence; remembers where the last one was.
class NumberedPoints {
 public:
  /// Takes    point_at  number -> NumberedPoint; nothing at the end of the sequence
  ///          max_skips  forbidden points in a row after which the search is given up
  template <typename PointAt>
  std::optional<space::Configuration> allowed(std::size_t n, std::uint64_t max_skips,
                                              const PointAt& point_at) {
    if (n < n_) *this = {};
    std::uint64_t num_skipped = 0;
    while (num_skipped <= max_skips) {
      std::optional<NumberedPoint> point = point_at(place_);
      if (!point) return std::nullopt;
      if (point->configuration && n_ == n) return std::move(point->configuration);
      num_skipped = point->configuration ? 0 : num_skipped + 1;
      n_ += point->configuration ? 1 : 0;
      place_ = point->next;
    }
    return std::nullopt;
  }

 private:
  std::uint64_t place_ = 0;
  std::size_t n_ = 0;  // how many allowed points lie before place_
};

}  // namespace wattune::samplers
