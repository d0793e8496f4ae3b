#include "finalists_json.hpp"

#include <nlohmann/json.hpp>

#include "wattune/report/finalists.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval_json(const math::MeanInterval& figure) {
  return {{"count", figure.count},
          {"mean", figure.mean},
          {"deviation", optional_json(figure.deviation)},
          {"half_width", optional_json(figure.half_width)}};
}

Json finalist_json(const FinalistFigures& finalist) {
  Json trials = Json::array();
  for (const TrialId id : finalist.trials) trials.push_back(id.number());
  Json measures = Json::object();
  for (const MeasuredAgain& each : finalist.measures) {
    measures[to_text(each.measure)] = interval_json(each.figure);
  }
  return {{"trial", finalist.of.number()}, {"measured_by", trials}, {"measures", measures}};
}

}  // namespace

Json finalists_json(const trial::History& history,
                    const std::vector<Recommendation>& recommendations) {
  const std::vector<FinalistFigures> finalists = finalist_figures(history);
  if (finalists.empty()) return nullptr;
  const bool has_one = !recommendations.empty() && recommendations.front().is_measured_again;
  const TrialId reference = has_one ? recommendations.front().trial : finalists.front().of;
  Json out{{"reference", reference.number()}, {"trials", Json::array()}, {"pairs", Json::array()}};
  for (const FinalistFigures& each : finalists) out["trials"].push_back(finalist_json(each));
  for (const PairedDifference& pair : paired_differences(history, finalists, reference)) {
    out["pairs"].push_back({{"trial", pair.trial.number()},
                            {"measure", to_text(pair.measure)},
                            {"difference", interval_json(pair.difference)}});
  }
  return out;
}

}  // namespace wattune::report
