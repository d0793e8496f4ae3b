#include "wattune/report/insight.hpp"

#include <nlohmann/json.hpp>

#include "wattune/base/text.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json share_json(const math::ShareSpread& share) {
  return {{"share", share.mean}, {"low", share.low}, {"high", share.high}};
}

Json correlation_json(const std::optional<math::Correlation>& correlation) {
  if (!correlation) return nullptr;
  return {{"value", correlation->value}, {"low", correlation->low}, {"high", correlation->high}};
}

Json misled_json(const std::optional<Misled>& misled) {
  if (!misled) return nullptr;
  return {{"chosen", misled->chosen.number()},
          {"cheapest", misled->cheapest.number()},
          {"excess", misled->excess},
          {"at_quality", or_null(misled->at_quality)}};
}

Json proxy_json(const Proxy& proxy) {
  Json out = {{"name", proxy.name},
              {"num_trials", proxy.points.size()},
              {"spearman", correlation_json(proxy.spearman)},
              {"pearson_of_logs", correlation_json(proxy.pearson_of_logs)},
              {"misled", misled_json(proxy.misled)},
              {"warnings", proxy.warnings},
              {"points", Json::array()}};
  for (const ProxyPoint& point : proxy.points) {
    out["points"].push_back(
        {{"trial", point.trial.number()}, {"value", point.proxy}, {"energy", point.energy_j}});
  }
  return out;
}

}  // namespace

Json to_json(const trial::Problem& problem, const Importance& importance) {
  const auto name_of = [&](std::size_t parameter) {
    return problem.space.parameters()[parameter].name;
  };
  Json out = {{"method", to_text(importance.method)},
              {"measure", to_text(importance.measure)},
              {"num_trials", importance.num_trials},
              {"step", or_null(importance.step)}};
  if (importance.scale) out["scale"] = to_text(*importance.scale);
  if (importance.method == ImportanceMethod::Fanova) {
    out["explained"] = or_null(importance.explained);
  } else {
    out["num_good"] = importance.num_good;
  }
  out["parameters"] = Json::array();
  for (const ParameterImportance& one : importance.parameters) {
    Json entry = {{"name", name_of(one.parameter)}};
    entry.update(share_json(one.share));
    entry["num_trials"] = one.num_trials;
    out["parameters"].push_back(entry);
  }
  out["pairs"] = Json::array();
  for (const PairImportance& pair : importance.pairs) {
    Json entry = {{"names", {name_of(pair.first), name_of(pair.second)}}};
    entry.update(share_json(pair.share));
    entry["num_trials"] = pair.num_trials;
    out["pairs"].push_back(entry);
  }
  out["notes"] = importance.notes;
  return out;
}

Json to_json(const ProxyReport& report) {
  Json out = {{"step", or_null(report.step)},
              {"num_trials", report.num_trials},
              {"entries", Json::array()},
              {"notes", report.notes}};
  for (const Proxy& proxy : report.proxies) out["entries"].push_back(proxy_json(proxy));
  return out;
}

Json importance_json(const trial::History& history) {
  Json list = Json::array();
  const auto measures = explained_measures(history);
  for (const trial::Measure& measure : measures) {
    list.push_back(
        to_json(history.problem(), importance(history, measure, ImportanceMethod::Fanova)));
  }
  for (const trial::Measure& measure : measures) {
    if (!good_direction(history.problem(), measure)) continue;
    list.push_back(
        to_json(history.problem(), importance(history, measure, ImportanceMethod::PedAnova)));
  }
  return list;
}

}  // namespace wattune::report
