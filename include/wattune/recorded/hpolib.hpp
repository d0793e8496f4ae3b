#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/space/space.hpp"

namespace wattune::recorded {

/// The FCNet tables of HPOLib: every configuration of a two-layer network on three regression
/// tasks, four seeds each: validation error after 100 epochs, and the run time.
///
/// Only the end of a training was recorded: each has one report.
///
/// Threads  immutable; any number
/// Source   Klein, Hutter, 2019, arXiv:1905.04970
class Hpolib {
 public:
  /// Reads hpolib.json and the tables, and compares the best configuration of each.
  ///
  /// Errors   ConfigError  a file is missing or of another size, or a best configuration differs
  explicit Hpolib(const std::filesystem::path& folder);
  ~Hpolib();
  Hpolib(const Hpolib&) = delete;
  Hpolib& operator=(const Hpolib&) = delete;

  [[nodiscard]] const std::vector<std::string>& tasks() const;
  /// Nine parameters that are lists of values.
  [[nodiscard]] const space::Space& space() const;

  /// The trainings of one task, with the metric valid_mse at `max_step`; the seed chooses among the
  /// four.
  ///
  /// Takes    space  of the study: the nine parameters, of whatever kind; a configuration whose
  ///                 values are not in the table was not recorded
  /// Errors   ConfigError  an unknown task, a parameter that is missing
  [[nodiscard]] std::unique_ptr<RecordedTrainings> trainings(const std::string& task,
                                                             const space::Space& space,
                                                             double max_step = 1.0,
                                                             Watts power = Watts{100.0}) const;

 private:
  class Tables;
  class Trainings;
  std::shared_ptr<const Tables> tables_;  // owned by this object and its trainings
};

}  // namespace wattune::recorded
