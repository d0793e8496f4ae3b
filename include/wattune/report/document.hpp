#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/report/anytime.hpp"
#include "wattune/report/carbontracker.hpp"
#include "wattune/report/ledger.hpp"
#include "wattune/trial/budget.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// All that a reader learns from the event log of one study.
struct StudyRecord {
  explicit StudyRecord(const trial::Problem& problem)
      : history(problem), carbontracker(problem.resource.unit) {}

  void apply(const trial::LoggedEvent& logged);

  trial::History history;
  Ledger ledger;
  Anytime anytime;
  Carbontracker carbontracker;
  WallTime started_at;
  WallTime updated_at;
};

struct DocumentOptions {
  double tolerance = 0.01;  ///< In the unit of the first objective.
  std::vector<trial::BudgetUse> budgets;
  std::vector<std::string> messages;
  std::optional<CarbontrackerOptions> carbontracker;  ///< Nothing: its figure is not shown.
  bool with_insight = false;  ///< Importance and proxies too, which cost more than all else.
};

/// The document of docs/report-data.md.
[[nodiscard]] nlohmann::ordered_json report_document(const StudyRecord& record,
                                                     const DocumentOptions& options);

/// {"value", "uncertainty", "provenance"}; a missing figure has the value null.
[[nodiscard]] nlohmann::ordered_json to_json(const EnergyFigure& figure);

}  // namespace wattune::report
