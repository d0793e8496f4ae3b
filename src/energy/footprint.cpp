#include "wattune/energy/footprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "split.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::energy {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;

/// Facility kilowatt-hours of metered energy: the one place where PUE is applied.
double facility_kwh(Joules metered, const Pue& pue) {
  return metered.value() / kJoulesPerKwh * pue.factor;
}

Amount amount_at(const EnergyFigure& energy, double rate, const Pue& pue) {
  return {facility_kwh(energy.total().joules(), pue) * rate,
          facility_kwh(energy.uncertainty, pue) * std::abs(rate),
          energy.total(),
          {}};
}

/// Energy cut by time, each part at its own rate.
Amount amount_over(const EnergyFigure& energy, const std::vector<RateBucket>& buckets,
                   const Pue& pue) {
  std::vector<Wide> lengths;
  for (const RateBucket& bucket : buckets) {
    lengths.push_back(std::max<Wide>(1, (bucket.until - bucket.from).count()));
  }
  const double total_length =
      static_cast<double>((buckets.back().until - buckets.front().from).count());
  const std::vector<std::int64_t> parts = split_exactly(energy.total().count(), lengths);
  Amount amount;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Microjoules part{parts[i]};
    if (!buckets[i].rate) {
      amount.without_rate += part;
      continue;
    }
    amount.with_rate += part;
    const double share = total_length > 0.0 ? static_cast<double>(lengths[i]) / total_length : 1.0;
    amount.value += facility_kwh(part.joules(), pue) * *buckets[i].rate;
    amount.uncertainty +=
        facility_kwh(energy.uncertainty, pue) * share * std::abs(*buckets[i].rate);
  }
  return amount;
}

Amount amount_of(const EnergyFigure& energy, WallTime start, WallTime end, const RateTable& rate,
                 const Pue& pue) {
  if (const auto constant = rate.constant()) return amount_at(energy, *constant, pue);
  return amount_over(energy, rate.buckets(start, end), pue);
}

void add(std::optional<Amount>& sum, const std::optional<Amount>& part) {
  if (!sum || !part) {
    sum.reset();
    return;
  }
  *sum += *part;
}

std::string rate_text(const RateTable& rate, const std::string& unit) {
  if (const auto constant = rate.constant()) {
    return fmt::format("{} {}", number_text(*constant), unit);
  }
  return fmt::format("{} to {} {} by time", number_text(rate.lowest()), number_text(rate.highest()),
                     unit);
}

std::string pue_text(const Pue& pue) {
  return fmt::format("PUE {} ({})", number_text(pue.factor), pue.source);
}

std::string kind_text(const std::optional<CarbonKind>& kind) {
  return kind ? to_text(*kind) : "of an unknown kind";
}

}  // namespace

std::string to_text(const CarbonKind& kind) {
  return fmt::format("{} {}", kind.scope == CarbonScope::LifeCycle ? "life-cycle" : "direct",
                     kind.margin == CarbonMargin::Average ? "average" : "marginal");
}

std::optional<CarbonKind> carbon_kind_from_text(std::string_view text) {
  for (const CarbonScope scope : {CarbonScope::LifeCycle, CarbonScope::Direct}) {
    for (const CarbonMargin margin : {CarbonMargin::Average, CarbonMargin::Marginal}) {
      if (to_text(CarbonKind{scope, margin}) == text) return CarbonKind{scope, margin};
    }
  }
  return std::nullopt;
}

Amount& Amount::operator+=(const Amount& other) {
  value += other.value;
  uncertainty += other.uncertainty;
  with_rate += other.with_rate;
  without_rate += other.without_rate;
  return *this;
}

Footprint footprint(const EnergyFigure& energy, WallTime start, WallTime end,
                    const Tariff& tariff) {
  Footprint result;
  result.energy = energy;
  if (tariff.intensity) result.carbon_kind = tariff.intensity->kind;
  if (tariff.price) result.currency = tariff.price->currency;
  if (energy.is_missing()) return result;
  if (tariff.intensity) {
    result.carbon = amount_of(energy, start, end, tariff.intensity->rate, tariff.pue);
  }
  if (tariff.price) result.cost = amount_of(energy, start, end, tariff.price->rate, tariff.pue);
  return result;
}

Result<Footprint> sum(std::span<const Footprint> parts) {
  WATTUNE_REQUIRE(!parts.empty());
  Footprint total = parts.front();
  for (const Footprint& part : parts.subspan(1)) {
    if (part.carbon_kind != total.carbon_kind) {
      return fail(ErrorKind::Invalid,
                  fmt::format("carbon that is {} cannot be added to carbon that is {}",
                              kind_text(part.carbon_kind), kind_text(total.carbon_kind)));
    }
    if (part.currency != total.currency) {
      return fail(ErrorKind::Invalid,
                  fmt::format("{} cannot be added to {}", part.currency, total.currency));
    }
    total.energy += part.energy;
    add(total.carbon, part.carbon);
    add(total.cost, part.cost);
  }
  return total;
}

std::string basis_text(const CarbonIntensity& intensity, const Pue& pue) {
  std::string text = intensity.zone;
  if (intensity.year) text += fmt::format("{}{}", text.empty() ? "" : " ", *intensity.year);
  if (!text.empty()) text += ", ";
  const std::string kind = intensity.kind ? to_text(*intensity.kind) : "kind not stated";
  return fmt::format("{}{}, {}, {}; {}", text, rate_text(intensity.rate, "g/kWh"), kind,
                     pue_text(pue), intensity.source);
}

std::string basis_text(const Price& price, const Pue& pue) {
  return fmt::format("{}, {}; {}", rate_text(price.rate, price.currency + "/kWh"), pue_text(pue),
                     price.source);
}

std::string basis_text(const Embodied& embodied) {
  return fmt::format("{} kg over {} h, share {}; {}", number_text(embodied.mass_g / 1000.0),
                     number_text(embodied.lifetime.value() / 3600.0), number_text(embodied.share),
                     embodied.source);
}

double at_most(const Amount& amount, const RateTable& rate, const Pue& pue) {
  return amount.value + facility_kwh(amount.without_rate.joules(), pue) * rate.highest();
}

double embodied_grams(Seconds duration, const Embodied& embodied) {
  return duration / embodied.lifetime * embodied.share * embodied.mass_g;
}

}  // namespace wattune::energy
