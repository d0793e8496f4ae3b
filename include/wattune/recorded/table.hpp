#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/space/space.hpp"

namespace wattune::recorded {

struct TableOptions {
  /// A configuration that is not in the table is played from the nearest one that is; else it was
  /// not recorded.
  bool takes_nearest = true;
  /// Makes joules of the recorded seconds where the table has no joules.
  std::optional<Watts> power = {};
  /// Programs that run as a whole: the table needs no steps.
  bool runs_as_a_whole = false;
};

/// A user's own trainings, from a CSV file; docs/replay.md says what is in it.
class RecordedTable : public RecordedTrainings {
 public:
  [[nodiscard]] virtual std::size_t num_configurations() const = 0;
  [[nodiscard]] virtual bool holds(const space::Configuration& configuration) const = 0;
};

/// Reads a table whose columns are named after the parameters, then `step`, metrics, `seconds` and
/// `joules`, which count from the beginning of a training; with a column `seed`, several trainings
/// of a configuration.
///
/// The nearest configuration is the one at the smallest distance in the unit cube, where different
/// choices, and a parameter that is active in one of both only, are one apart; of several the first
/// in the file.
///
/// Takes    space  of the study; `required`  metrics that the study needs
/// Errors   ConfigError  the file, the line, what is there and what would be right
/// Cost     an open of what is not in the table looks at every configuration
[[nodiscard]] std::unique_ptr<RecordedTable> read_table(const std::filesystem::path& file,
                                                        const space::Space& space,
                                                        std::span<const std::string> required,
                                                        const TableOptions& options = {});
/// The same from a text; `file_name` is shown in messages.
[[nodiscard]] std::unique_ptr<RecordedTable> parse_table(std::string_view text,
                                                         const std::string& file_name,
                                                         const space::Space& space,
                                                         std::span<const std::string> required,
                                                         const TableOptions& options = {});

}  // namespace wattune::recorded
