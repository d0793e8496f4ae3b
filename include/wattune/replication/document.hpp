#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "wattune/replication/check.hpp"
#include "wattune/replication/manifest.hpp"
#include "wattune/replication/workbook.hpp"

namespace wattune::replication {

/// Makes all analyses of a manifest, puts their tables into the book, checks the claims and draws
/// the figures.
///
/// Takes    book  the tables of the experiments, their curves, and `experiments`
/// Gives    the document that docs/report-data.md describes, the one behind the page and
///          summary.json
[[nodiscard]] nlohmann::ordered_json evaluate(const Manifest& manifest, Scale scale,
                                              Workbook& book);

/// What differs between the analyses of two documents, in words; empty where nothing does. So a
/// summary is held against the tables that it was made from.
[[nodiscard]] std::vector<std::string> differences(const nlohmann::ordered_json& written,
                                                   const nlohmann::ordered_json& recomputed);

/// The checks of a document that are broken.
[[nodiscard]] std::size_t num_broken(const nlohmann::ordered_json& document);

}  // namespace wattune::replication
