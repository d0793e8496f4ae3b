#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "wattune/trial/history.hpp"

namespace wattune::samplers {

/// How a trial that has ended is compared with others before its losses are, best first.
enum class Standing : std::uint8_t {
  Feasible,
  Infeasible,
  Short,   ///< Ended before it was complete: paused, stopped, interrupted.
  Failed,  ///< Has no losses that mean anything.
};

/// What became of a trial, for samplers that rank trials.
struct Arrival {
  std::uint32_t number = 0;  ///< Of the trial.
  Standing standing = Standing::Failed;
  double step = 0.0;           ///< Where it ended, if it is short.
  double violation = 0.0;      ///< Of the constraints, unless it failed.
  std::vector<double> losses;  ///< Empty if it failed.

  bool operator==(const Arrival&) const = default;
};

/// Which of two comes first whatever the losses: what is feasible, then what breaks the
/// constraints less, then short trials by how far they came, then failed ones.
///
/// Source   Deb, Comput. Methods Appl. Mech. Eng. 186, 2000, doi:10.1016/S0045-7825(99)00389-8
/// Differs  short and failed trials, which the source does not know
[[nodiscard]] std::weak_ordering compare_standing(const Arrival& left, const Arrival& right);

/// Front of each arrival: 0 is best. Those that stand alike are told apart by dominance; failed
/// ones share a front.
[[nodiscard]] std::vector<std::size_t> front_ranks(std::span<const Arrival* const> arrivals);

/// The trials of the search in the order in which an assignment of theirs first ended.
///
/// Only grows, whatever runs at the same time, so that a generation is a section of it.
///
/// Cost     O(what is new) per update; O(trials) when a trial goes on that had ended
class Arrivals {
 public:
  /// Takes note of what is new.
  ///
  /// Gives    whether all that had arrived before stands as it did; a trial that went on changes
  [[nodiscard]] bool update(const trial::History& history);

  [[nodiscard]] std::size_t size() const { return arrivals_.size(); }
  [[nodiscard]] const Arrival& operator[](std::size_t index) const { return arrivals_[index]; }

 private:
  [[nodiscard]] bool has_arrived(std::uint32_t number) const;
  bool renew(const trial::History& history, std::uint32_t number);
  void watch(const trial::History& history);

  std::vector<Arrival> arrivals_;
  std::vector<std::size_t> index_by_number_;
  std::vector<std::uint32_t> watched_;  // trials that run, or have not run yet
  std::size_t num_trials_seen_ = 0;
  std::size_t num_finished_seen_ = 0;
};

}  // namespace wattune::samplers
