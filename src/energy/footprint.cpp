#include "wattune/energy/footprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "split.hpp"
#include "wattune/base/require.hpp"

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
  sum->value += part->value;
  sum->uncertainty += part->uncertainty;
  sum->without_rate += part->without_rate;
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

double embodied_grams(Seconds duration, const Embodied& embodied) {
  return duration / embodied.lifetime * embodied.share * embodied.mass_g;
}

}  // namespace wattune::energy
