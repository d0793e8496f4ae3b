#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "acquisition.hpp"
#include "features.hpp"
#include "tried.hpp"
#include "wattune/base/random.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

struct AcquisitionSearchOptions {
  std::size_t num_raw = 512;            ///< A third of them near the centres.
  std::size_t num_polished = 4;         ///< Climbed from, at most.
  std::size_t max_enumerated = 10'000;  ///< Configurations of a space that is searched in full.
};

/// Finds the allowed configuration where an acquisition is largest.
///
/// A small space is looked at as a whole. In others scrambled Sobol points and steps from the
/// centres are looked at, and the best are climbed from: along the gradient in ordered parameters
/// of many values, by trying values in the others, in turns. A configuration without continuous
/// parameters that was tried is given only when no other is found.
class AcquisitionSearch {
 public:
  /// Both outlive the object.
  AcquisitionSearch(const space::Space& space, const Features& features,
                    const AcquisitionSearchOptions& options);

  /// Takes    centres  good configurations, to look around
  /// Gives    nothing where no allowed configuration was found
  [[nodiscard]] std::optional<space::Configuration> find_best(
      const Acquisition& acquisition, std::span<const space::Configuration> centres,
      const Tried& tried, Rng& rng) const;

  /// An allowed configuration, in a space without continuous parameters an untried one if there is
  /// one to be found.
  [[nodiscard]] std::optional<space::Configuration> draw_untried(const Tried& tried,
                                                                 Rng& rng) const;
  /// Can a configuration be tried twice?
  [[nodiscard]] bool is_countable() const { return is_countable_; }

 private:
  struct Candidate {
    std::vector<double> point;  // unit coordinates
    space::Configuration configuration;
    double value = 0.0;
  };
  using Candidates = std::vector<Candidate>;

  [[nodiscard]] std::optional<space::Configuration> best_of_all(const Acquisition& acquisition,
                                                                const Tried& tried) const;
  void add(std::vector<double> point, Candidates& candidates) const;
  void add_spread(std::size_t count, Rng& rng, Candidates& candidates) const;
  void add_near(std::span<const space::Configuration> centres, std::size_t count, Rng& rng,
                Candidates& candidates) const;
  [[nodiscard]] std::optional<space::Configuration> best_untried(const Candidates& candidates,
                                                                 const Tried& tried) const;
  [[nodiscard]] Eigen::MatrixXd rows_of(const Candidates& candidates) const;
  void evaluate(const Acquisition& acquisition, Candidates& candidates) const;
  [[nodiscard]] Candidate polish(const Acquisition& acquisition, Candidate start) const;
  [[nodiscard]] Candidate climb(const Acquisition& acquisition, const Candidate& start) const;
  [[nodiscard]] Candidate best_neighbour(const Acquisition& acquisition,
                                         const Candidate& start) const;

  const space::Space& space_;
  const Features& features_;
  AcquisitionSearchOptions options_;
  bool is_countable_ = false;
  std::vector<std::size_t> continuous_;  // parameters that are climbed along
  std::vector<std::pair<std::size_t, std::vector<double>>> discrete_;  // others; their coordinates
  std::optional<std::vector<space::Configuration>> all_;
};

}  // namespace wattune::samplers
