#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sm2_halving.hpp"
#include "sm2_probe.hpp"
#include "sm2_rates.hpp"

namespace wattune::strategies {

/// How far the four stages of SM2 have come: a fold of the history, kept up to date.
class Sm2Search {
 public:
  /// Takes    batch_sizes  to be probed, ascending; empty where there is no such role
  Sm2Search(std::vector<std::int64_t> batch_sizes, const Sm2Options& options)
      : options_(options), batch_sizes_(std::move(batch_sizes)) {}

  /// Takes in what is new.
  void follow(const trial::History& history);

  /// Of the probe: stages 0 and 1. Done from the beginning where there is nothing to probe.
  [[nodiscard]] const ProbeState& probe() const { return probe_; }
  [[nodiscard]] const std::vector<std::int64_t>& batch_sizes() const { return batch_sizes_; }
  [[nodiscard]] const std::vector<std::int64_t>& window() const { return window_; }
  /// Is there no batch size to go on with?
  [[nodiscard]] bool has_failed() const {
    return probe_.is_done() && !batch_sizes_.empty() && window_.empty();
  }
  /// Of the range test: stage 2.
  [[nodiscard]] const RangeTest& rates() const { return rates_; }
  /// The batch size of the range test: the largest of the window, which bears the highest rates.
  [[nodiscard]] std::optional<std::int64_t> rate_test_size() const {
    return window_.empty() ? std::nullopt : std::optional{window_.back()};
  }

  /// Stage 3 has begun.
  [[nodiscard]] bool has_halvings() const { return !halvings_.empty(); }
  [[nodiscard]] const std::deque<Halving>& halvings() const { return halvings_; }
  /// The one that is going on.
  [[nodiscard]] Halving& halving() { return halvings_.back(); }
  [[nodiscard]] const Halving& halving() const { return halvings_.back(); }
  [[nodiscard]] std::uint16_t bracket() const {
    return static_cast<std::uint16_t>(halvings_.size() - 1);
  }

  /// Takes no more candidates: there are no others.
  void close(const trial::History& history);

 private:
  void follow_probes(const trial::History& history);
  void begin_first(const trial::History& history);
  void begin_second(const trial::History& history);
  void take_in_trials(const trial::History& history);
  void settle(const trial::History& history);
  [[nodiscard]] bool has_two_halvings(const trial::Problem& problem) const;

  const Sm2Options& options_;
  std::vector<std::int64_t> batch_sizes_;
  ProbeState probe_;
  std::vector<std::int64_t> window_;
  RangeTest rates_;
  std::deque<Halving> halvings_;
  std::size_t num_trials_seen_ = 0;
};

}  // namespace wattune::strategies
