#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wattune/replication/manifest.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::replication {

/// The points of a figure as the page draws them; docs/report-data.md describes them.
[[nodiscard]] nlohmann::ordered_json figure_json(const Spec& spec, const Workbook& book);

/// null, a number or a text.
[[nodiscard]] nlohmann::ordered_json cell_json(const Cell& cell);

}  // namespace wattune::replication
