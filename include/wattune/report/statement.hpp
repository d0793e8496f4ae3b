#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace wattune::report {

/// What a paper or a model card has to say of the energy of a study: on what, how and how surely it
/// was measured, what search and final training took, and what carbon that is at which grid.
///
/// Takes    document  the report document of the study (docs/report-data.md)
/// Gives    study, software, hardware, meters, energy, recommended, carbon, cost, embodied, limits;
///          what is not known is null and named among the limits
[[nodiscard]] nlohmann::ordered_json statement(const nlohmann::ordered_json& document);

/// A section of a model card.
[[nodiscard]] std::string statement_markdown(const nlohmann::ordered_json& statement);
/// A paragraph and a table; needs no package.
[[nodiscard]] std::string statement_latex(const nlohmann::ordered_json& statement);

}  // namespace wattune::report
