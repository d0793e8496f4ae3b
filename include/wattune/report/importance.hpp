#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/math/functional_anova.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

enum class ImportanceMethod : std::uint8_t {
  Fanova,    ///< Shares of the variance over the whole space.
  PedAnova,  ///< What it depends on whether a trial is among the best tenth.
};
/// "fanova", "ped-anova".
[[nodiscard]] std::string_view to_text(ImportanceMethod method);

/// What the shares of a variance are of: the values, their logarithms, or their ranks.
enum class ValueScale : std::uint8_t { Linear, Log, Rank };
[[nodiscard]] std::string_view to_text(ValueScale scale);

/// Logarithms where everything is above 0 and spans more than a decade. Ranks where, even so, few
/// values lie so far out that they would be all of the variance: the range is more than four times
/// what the middle 80 % span.
[[nodiscard]] ValueScale scale_of(const std::vector<double>& values);

struct ParameterImportance {
  std::size_t parameter = 0;  ///< Position in the space.
  math::ShareSpread share;
  std::size_t num_trials = 0;  ///< Those in which it applies.
};

struct PairImportance {
  std::size_t first = 0;
  std::size_t second = 0;
  math::ShareSpread share;  ///< What the two do together beyond what each does alone.
  std::size_t num_trials = 0;
};

/// What one measure depends on.
struct Importance {
  ImportanceMethod method = ImportanceMethod::Fanova;
  trial::Measure measure;
  std::size_t num_trials = 0;
  std::optional<double> step;       ///< Where the trials were compared.
  std::optional<ValueScale> scale;  ///< Of functional ANOVA.
  std::optional<double> explained;  ///< Share of the variance among unseen trials; of fANOVA.
  std::size_t num_good = 0;         ///< Of PED-ANOVA.
  std::vector<ParameterImportance> parameters;  ///< Largest share first; empty: see the notes.
  std::vector<PairImportance> pairs;            ///< Largest share first, ten at most; of fANOVA.
  std::vector<std::string> notes;               ///< What is to be known of the figures, in words.
};

/// Objectives, measures of constraints, and the energy where it is known: all that is explained
/// unless the user names something.
[[nodiscard]] std::vector<trial::Measure> explained_measures(const trial::History& history);

/// Which way the measure is good: that of the objective, of the constraint's one bound, and less
/// for energy and what follows from it. Nothing where the study does not say.
[[nodiscard]] std::optional<trial::Direction> good_direction(const trial::Problem& problem,
                                                             const trial::Measure& measure);

/// Importance of the parameters for a measure, over the finished trials of the search.
///
/// A parameter with a condition is looked at among the trials in which it applies; failed trials
/// are left out. Ten trials are the least, five per parameter (20 at least) are asked for.
///
/// Takes    measure  for PED-ANOVA one that has a good direction
/// Gives    the same for the same history; no parameters where there are too few trials
/// Cost     of fANOVA O(leaves^2 parameters^2) for each of 64 trees of at most 500 rows
[[nodiscard]] Importance importance(const trial::History& history, const trial::Measure& measure,
                                    ImportanceMethod method);

}  // namespace wattune::report
