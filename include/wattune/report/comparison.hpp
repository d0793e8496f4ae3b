#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/report/document.hpp"

namespace wattune::report {

/// A study among those that are compared.
struct ComparedStudy {
  std::string label;  ///< As it is called in tables; each once.
  const StudyRecord* record = nullptr;
};

/// Within which final qualities count as the same.
struct QualityTolerance {
  double amount = 0.01;
  bool is_relative = false;
};

struct ComparisonOptions {
  bool by_strategy = false;       ///< Studies of one strategy become one series: median and range.
  std::vector<double> qualities;  ///< To be reached; chosen where empty.
  std::vector<double> joules;     ///< At which qualities are told; chosen where empty.
  std::optional<double> best_known;  ///< For the regret; else the best of those compared.
  std::vector<double> reference;     ///< Losses of the reference point; chosen where empty.
  /// A percentage point of what is maximised, 2 % of what is minimised, where it is not given.
  std::optional<QualityTolerance> tolerance;
};

/// Sets the anytime curves of studies of one problem side by side: "comparison" of
/// docs/report-data.md. The first study is what the others are held against.
///
/// Takes    studies  two or more; they may differ in seed, strategy and budget
/// Errors   Invalid  they are of different problems; says what differs between whom
[[nodiscard]] Result<nlohmann::ordered_json> comparison_document(
    std::span<const ComparedStudy> studies, const ComparisonOptions& options);

/// Joules of a study by what they went for, and the share that went into probing and exploring,
/// what failed included: {"probe": 12.0, "exploration": 80.5, "final": 40.1, "explored_share":
/// 0.7}. null where some of it is not known.
[[nodiscard]] nlohmann::ordered_json stages_json(const Ledger& ledger);

/// "anytime" of the report document of one study.
[[nodiscard]] nlohmann::ordered_json anytime_json(const StudyRecord& record);

}  // namespace wattune::report
