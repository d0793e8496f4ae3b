#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "layers.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::samplers {

struct SplitOptions {
  double good_fraction = 0.1;
  std::size_t max_good = 25;
  std::size_t least_at_step = 8;  ///< How many trials make a step the one that is compared at.
};

enum class Side : std::uint8_t { None, Good, Bad };

/// Splits a history's trials into good and bad, and keeps the split while the history grows.
///
/// Losses are compared at the largest step that `least_at_step` trials have reached. What is there
/// is ranked: first what keeps the constraints, then the rest by how far it breaks them. The first
/// of the ranking are good; all others, and every trial that failed, runs or has not come that far,
/// are bad. Probes are left out.
class Observations {
 public:
  Observations(std::size_t num_objectives, const SplitOptions& options)
      : options_(options), feasible_(num_objectives) {}

  /// Takes note of what is new. The split is that of a new object given the same history.
  void update(const trial::History& history);

  /// How many trials are ranked.
  [[nodiscard]] std::size_t num_ranked() const { return feasible_.size() + infeasible_.size(); }
  /// Numbers of the good trials, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& good() const { return good_; }
  /// Trials whose side the last update changed, with the new one; ascending.
  [[nodiscard]] const std::map<std::uint32_t, Side>& changes() const { return changes_; }

 private:
  enum class Kind : std::uint8_t { None, Feasible, Infeasible, Unranked };
  struct Entry {
    Kind kind = Kind::None;
    Side side = Side::None;
    std::optional<double> reached;  // step of the last report, where that counts
    double violation = 0.0;         // of an infeasible trial
    std::vector<double> losses;     // of a feasible trial
  };

  [[nodiscard]] std::vector<std::uint32_t> find_touched(const trial::History& history);
  void note_reached(const trial::Trial& trial);
  [[nodiscard]] Entry classify(const trial::History& history, const trial::Trial& trial) const;
  void rank(std::uint32_t number, Entry entry);
  void set_side(std::uint32_t number, Side side);
  void split_anew();

  SplitOptions options_;
  std::size_t num_finished_seen_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> open_;  // trials that may change without ending: they run or are new
  std::map<double, std::size_t> num_reached_;  // by step
  std::optional<double> step_;
  Layers feasible_;
  std::set<std::pair<double, std::uint32_t>> infeasible_;
  std::vector<std::uint32_t> good_;
  std::map<std::uint32_t, Side> changes_;
};

}  // namespace wattune::samplers
