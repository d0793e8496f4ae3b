#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arrivals.hpp"
#include "wattune/base/random.hpp"
#include "wattune/samplers/differential_evolution.hpp"

namespace wattune::samplers {

/// How strongly one child is moved, and how much of it is.
struct DifferentialWeights {
  double differential = 0.5;  ///< F
  double crossover = 0.5;     ///< CR
};

/// The members of differential evolution, as far as trials have ended.
///
/// Symbols  place: position in the population; a member is the index of an arrival
class DifferentialPopulation {
 public:
  DifferentialPopulation(std::size_t size, const DifferentialEvolutionOptions& options);

  /// Lets the next arrival take a free place, or compete for the place of its trial's number.
  void add(const Arrivals& arrivals, std::size_t index);

  [[nodiscard]] bool is_full() const { return members_.size() == size_; }
  [[nodiscard]] std::size_t place_of(std::uint32_t trial_number) const {
    return trial_number % size_;
  }
  [[nodiscard]] const std::vector<std::size_t>& members() const { return members_; }
  /// Members that had to go and may still show a direction.
  [[nodiscard]] const std::vector<std::size_t>& archive() const { return archive_; }
  /// The best members as a place sees them, best first.
  [[nodiscard]] std::vector<std::size_t> best_for(const Arrivals& arrivals,
                                                  std::size_t place) const;
  /// Weights of a trial, a function of its number and of what has been learned.
  [[nodiscard]] DifferentialWeights weights_of(std::uint32_t trial_number) const;

 private:
  [[nodiscard]] bool is_better(const Arrival& left, const Arrival& right, std::size_t place) const;
  [[nodiscard]] double loss_at(const Arrival& arrival, std::size_t place) const;
  void note_range(const Arrival& arrival);
  void note_success(const Arrival& winner);
  void bury(std::size_t member);
  void adapt();

  std::size_t size_;
  DifferentialEvolutionOptions options_;
  std::vector<std::size_t> members_;
  std::vector<std::size_t> archive_;
  std::vector<std::vector<double>> shares_;  // of the objectives, by place
  std::vector<double> least_;                // losses seen
  std::vector<double> most_;
  DifferentialWeights means_;
  std::vector<DifferentialWeights> successes_;
  std::size_t num_added_ = 0;
};

}  // namespace wattune::samplers
