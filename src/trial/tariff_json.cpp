#include "tariff_json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace wattune::trial {
namespace {

using energy::RateTable;
using nlohmann::json;
using std::chrono::seconds;

std::int64_t whole_seconds(WallTime time) {
  return std::chrono::floor<seconds>(time.time_since_epoch()).count();
}

WallTime time_at(std::int64_t count) {
  return WallTime{seconds{count}};
}

/// A number; {"week": [[from, until, rate], ...], "utc_offset_min": 60} in minutes since Monday; or
/// {"times": [[from, until, rate], ...]} in seconds since 1970.
json rate_json(const RateTable& rate) {
  if (const auto constant = rate.constant()) return *constant;
  json rows = json::array();
  if (!rate.spans().empty()) {
    for (const RateTable::Span& span : rate.spans()) {
      rows.push_back({whole_seconds(span.from), whole_seconds(span.until), span.rate});
    }
    return {{"times", rows}};
  }
  for (const RateTable::Band& band : rate.bands()) {
    rows.push_back({band.from_minute, band.until_minute, band.rate});
  }
  return {{"week", rows}, {"utc_offset_min", rate.utc_offset().count()}};
}

RateTable rate_from_json(const json& in) {
  if (in.is_number()) return RateTable{in.get<double>()};
  if (in.contains("times")) {
    std::vector<RateTable::Span> spans;
    for (const json& row : in.at("times")) {
      spans.push_back({time_at(row.at(0)), time_at(row.at(1)), row.at(2)});
    }
    return RateTable::timed(std::move(spans));
  }
  std::vector<RateTable::Band> bands;
  for (const json& row : in.at("week")) bands.push_back({row.at(0), row.at(1), row.at(2)});
  return RateTable::weekly(std::move(bands),
                           std::chrono::minutes{in.at("utc_offset_min").get<int>()});
}

json intensity_json(const energy::CarbonIntensity& intensity) {
  json out = {
      {"rate", rate_json(intensity.rate)}, {"zone", intensity.zone}, {"source", intensity.source}};
  if (intensity.year) out["year"] = *intensity.year;
  if (intensity.kind) out["kind"] = to_text(*intensity.kind);
  return out;
}

energy::CarbonIntensity intensity_from_json(const json& in) {
  energy::CarbonIntensity intensity{rate_from_json(in.at("rate")), in.at("zone")};
  intensity.source = in.at("source");
  if (in.contains("year")) intensity.year = in.at("year").get<int>();
  if (in.contains("kind")) {
    intensity.kind = energy::carbon_kind_from_text(in.at("kind").get<std::string>());
  }
  return intensity;
}

energy::Embodied embodied_from_json(const json& in) {
  return {in.at("mass_g"), Seconds{in.at("lifetime_s").get<double>()}, in.at("share"),
          in.at("source")};
}

/// Of logs that were written when a rate was one number.
void read_plain_rates(const json& in, Tariff& tariff) {
  if (in.contains("grams_per_kwh")) {
    tariff.intensity = {RateTable{in.at("grams_per_kwh").get<double>()}, in.value("zone", "")};
    tariff.intensity->source = in.value("intensity_source", "");
    if (const int year = in.value("intensity_year", 0); year != 0) tariff.intensity->year = year;
    // At that time every zone was a row of the table of countries.
    if (!tariff.intensity->zone.empty()) tariff.intensity->kind = energy::CarbonKind{};
  }
  if (in.contains("price_per_kwh")) {
    tariff.price = {RateTable{in.at("price_per_kwh").get<double>()}, in.value("currency", ""),
                    "study file"};
  }
}

}  // namespace

json tariff_json(const Tariff& tariff) {
  json out = {{"pue", tariff.pue.factor}, {"pue_source", tariff.pue.source}};
  if (tariff.intensity) out["intensity"] = intensity_json(*tariff.intensity);
  if (tariff.price) {
    out["price"] = {{"rate", rate_json(tariff.price->rate)},
                    {"currency", tariff.price->currency},
                    {"source", tariff.price->source}};
  }
  if (tariff.embodied) {
    out["embodied"] = {{"mass_g", tariff.embodied->mass_g},
                       {"lifetime_s", tariff.embodied->lifetime.value()},
                       {"share", tariff.embodied->share},
                       {"source", tariff.embodied->source}};
  }
  return out;
}

Tariff tariff_from_json(const json& in) {
  Tariff tariff;
  tariff.pue.factor = in.at("pue");
  tariff.pue.source = in.value("pue_source", tariff.pue.factor == 1.0 ? "IT only" : "study file");
  read_plain_rates(in, tariff);
  if (in.contains("intensity")) tariff.intensity = intensity_from_json(in.at("intensity"));
  if (in.contains("price")) {
    const json& price = in.at("price");
    tariff.price = {rate_from_json(price.at("rate")), price.at("currency"), price.at("source")};
  }
  if (in.contains("embodied")) tariff.embodied = embodied_from_json(in.at("embodied"));
  return tariff;
}

}  // namespace wattune::trial
