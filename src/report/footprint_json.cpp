#include "footprint_json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "wattune/base/text.hpp"

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;
using trial::History;

/// The value with its uncertainty, and the joules that are not in it.
Json amount_json(const energy::Amount& amount) {
  Json out = {{"value", nullptr}, {"uncertainty", nullptr}};
  if (amount.is_known()) out = {{"value", amount.value}, {"uncertainty", amount.uncertainty}};
  if (!amount.is_whole()) out["without_rate_j"] = amount.without_rate.joules().value();
  return out;
}

/// The rate as a number, or the range of a table.
void put_rate(Json& out, const char* key, const energy::RateTable& rate) {
  const auto constant = rate.constant();
  out[key] = constant ? Json(*constant) : Json(nullptr);
  if (!constant) out[fmt::format("{}_range", key)] = {rate.lowest(), rate.highest()};
}

void put_pue(Json& out, const energy::Pue& pue) {
  out["pue"] = pue.factor;
  out["pue_source"] = pue.source;
}

std::string note(const char* what, const energy::Amount& amount, const energy::RateTable& rate,
                 const std::string& source) {
  const std::string until = rate.spans().empty() ? ""
                                                 : fmt::format(", which covers {} to {}",
                                                               iso_text(rate.spans().front().from),
                                                               iso_text(rate.spans().back().until));
  return fmt::format("{} leaves out {} drawn at times for which {} has no row{}", what,
                     si_text(amount.without_rate.joules().value(), "J"), source, until);
}

}  // namespace

Json carbon_json(const History& history) {
  const energy::Footprint print = history.total_footprint();
  if (!print.carbon) return nullptr;
  const trial::Tariff& tariff = history.problem().tariff;
  const energy::CarbonIntensity& intensity = *tariff.intensity;
  Json out = amount_json(*print.carbon);
  out["unit"] = "g";
  out["zone"] = intensity.zone.empty() ? Json(nullptr) : Json(intensity.zone);
  out["year"] = intensity.year ? Json(*intensity.year) : Json(nullptr);
  put_rate(out, "intensity", intensity.rate);
  out["source"] = intensity.source;
  out["kind"] = intensity.kind ? Json(to_text(*intensity.kind)) : Json(nullptr);
  put_pue(out, tariff.pue);
  out["basis"] = basis_text(intensity, tariff.pue);
  return out;
}

Json cost_json(const History& history) {
  const energy::Footprint print = history.total_footprint();
  if (!print.cost) return nullptr;
  const trial::Tariff& tariff = history.problem().tariff;
  Json out = amount_json(*print.cost);
  out["currency"] = tariff.price->currency;
  put_rate(out, "price_per_kwh", tariff.price->rate);
  out["source"] = tariff.price->source;
  put_pue(out, tariff.pue);
  out["basis"] = basis_text(*tariff.price, tariff.pue);
  return out;
}

Json embodied_json(const History& history) {
  const auto& embodied = history.problem().tariff.embodied;
  if (!embodied) return nullptr;
  return {{"value", energy::embodied_grams(history.total_duration(), *embodied)},
          {"unit", "g"},
          {"mass_g", embodied->mass_g},
          {"lifetime_s", embodied->lifetime.value()},
          {"share", embodied->share},
          {"duration_s", history.total_duration().value()},
          {"source", embodied->source},
          {"basis", basis_text(*embodied)}};
}

std::vector<std::string> footprint_notes(const History& history) {
  std::vector<std::string> notes;
  const energy::Footprint print = history.total_footprint();
  const trial::Tariff& tariff = history.problem().tariff;
  if (print.carbon && !print.carbon->is_whole()) {
    notes.push_back(
        note("carbon", *print.carbon, tariff.intensity->rate, tariff.intensity->source));
  }
  if (print.cost && !print.cost->is_whole()) {
    notes.push_back(note("cost", *print.cost, tariff.price->rate, tariff.price->source));
  }
  return notes;
}

}  // namespace wattune::report
