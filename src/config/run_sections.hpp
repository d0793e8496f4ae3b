#pragma once

#include <string>
#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// `capture:`; names in the order of the file.
std::vector<CapturePattern> read_capture(ReadContext& context, MapReader& study);
/// `metrics:`; compared with the patterns of `capture:`.
std::vector<std::string> read_metrics(ReadContext& context, MapReader& study,
                                      const std::vector<CapturePattern>& capture);
trial::Resource read_resource(ReadContext& context, MapReader& study);
/// The tariff tells which budgets can be measured.
BudgetSection read_budget(ReadContext& context, MapReader& study, const trial::Tariff& tariff);
/// A relative `directory` is resolved against `folder`.
RunnerSection read_runner(ReadContext& context, MapReader& study,
                          const std::filesystem::path& folder);
/// `cooldown:`; the runner tells whether trials run side by side.
std::optional<CooldownSection> read_cooldown(ReadContext& context, MapReader& study,
                                             const RunnerSection& runner);
std::optional<FinalistsSection> read_finalists(ReadContext& context, MapReader& study);
ReportSection read_report(ReadContext& context, MapReader& study);

}  // namespace wattune::config
