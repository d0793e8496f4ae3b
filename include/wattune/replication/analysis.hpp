#pragma once

#include <string>
#include <vector>

#include "wattune/replication/manifest.hpp"
#include "wattune/replication/table.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::replication {

/// What an analysis made of its rows.
struct Finding {
  Table table;
  std::vector<std::string> notes;  ///< What was left out, and why there may be nothing.
};

/// Makes one analysis. Pure: the same tables give the same finding.
///
/// Where there is nothing to work with the table has no rows and a note says why.
[[nodiscard]] Finding analyse(const Spec& spec, const Workbook& book);

/// Names in a spec's formulas and lists of columns that nothing stands behind, in words.
[[nodiscard]] std::vector<std::string> unknown_columns(const Spec& spec, const Table& rows,
                                                       const Workbook& book);

}  // namespace wattune::replication
