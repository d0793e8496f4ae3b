#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/recorded/table.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// Which trainings are to be played.
struct RecordedSource {
  std::string table;                ///< A CSV file, or "lcbench:TASK", "hpolib:TASK", "zeus:JOB".
  std::filesystem::path data;       ///< Where those three are: has lcbench/, hpolib/, zeus-traces/.
  std::optional<Watts> power = {};  ///< Where joules have to be derived from seconds.
  bool takes_nearest = true;        ///< As recorded::TableOptions has it.
};

/// Trainings on record for a study's space.
struct OpenRecordings {
  std::unique_ptr<recorded::RecordedTrainings> trainings;
  const recorded::RecordedTable* table = nullptr;  ///< The same, where it is a user's own table.
};

/// Errors   ConfigError  a table that cannot be read or does not fit the problem; says what would
[[nodiscard]] OpenRecordings open_recordings(const RecordedSource& source,
                                             const trial::Problem& problem);

}  // namespace wattune::config
