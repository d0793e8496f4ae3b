#include "wattune/trial/budget.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::trial {
namespace {

std::string amount_text(double value, const std::string& unit) {
  if (unit == "s") return duration_text(Seconds{value});
  if (unit == "J" || unit == "g") return si_text(value, unit);
  return unit.empty() ? number_text(value) : fmt::format("{:.6g} {}", value, unit);
}

/// Carbon and cost of energy that is in no event yet, at the rates of now.
energy::Footprint footprint_of(EnergyFigure unbooked, WallTime now, const Tariff& tariff) {
  if (unbooked.is_missing()) unbooked.provenance = Provenance::Modelled;
  return energy::footprint(unbooked, now, now, tariff);
}

double grams_of(const EnergyFigure& unbooked, WallTime now, const Tariff& tariff) {
  const auto carbon = footprint_of(unbooked, now, tariff).carbon;
  return energy::at_most(carbon.value_or(energy::Amount{}), tariff.intensity->rate, tariff.pue);
}

double money_of(const EnergyFigure& unbooked, WallTime now, const Tariff& tariff) {
  const auto cost = footprint_of(unbooked, now, tariff).cost;
  return energy::at_most(cost.value_or(energy::Amount{}), tariff.price->rate, tariff.pue);
}

}  // namespace

std::vector<BudgetUse> budget_use(const Budgets& budgets, const History& history,
                                  Seconds running_time, const EnergyFigure& unbooked,
                                  WallTime now) {
  const Tariff& tariff = history.problem().tariff;
  const Joules energy = (history.total_energy().total() + unbooked.total()).joules();
  std::vector<BudgetUse> uses;
  if (budgets.trials) {
    uses.push_back({"trials", static_cast<double>(*budgets.trials),
                    static_cast<double>(history.trials().size() - history.num_finalist_trials()),
                    ""});
  }
  if (budgets.energy) uses.push_back({"energy", budgets.energy->value(), energy.value(), "J"});
  if (budgets.time) uses.push_back({"time", budgets.time->value(), running_time.value(), "s"});
  if (budgets.carbon_g) {
    if (!tariff.intensity) throw ConfigError("a carbon budget needs a grid intensity");
    const double more = grams_of(unbooked, now, tariff);
    uses.push_back({"carbon", *budgets.carbon_g, history.carbon_spent() + more, "g"});
  }
  if (budgets.cost) {
    if (!tariff.price) throw ConfigError("a cost budget needs a price per kWh");
    const double more = money_of(unbooked, now, tariff);
    uses.push_back({"cost", *budgets.cost, history.cost_spent() + more, tariff.price->currency});
  }
  return uses;
}

std::vector<BudgetUse> budget_use(const TrialBudget& budget, const History& history,
                                  const Trial& trial, const EnergyFigure& unbooked,
                                  Seconds duration, WallTime now) {
  const Tariff& tariff = history.problem().tariff;
  const Joules energy = (trial.energy().total() + unbooked.total()).joules();
  const Seconds time = trial.duration() + duration;
  std::vector<BudgetUse> uses;
  if (budget.energy) uses.push_back({"energy", budget.energy->value(), energy.value(), "J"});
  if (budget.time) uses.push_back({"time", budget.time->value(), time.value(), "s"});
  if (budget.carbon_g) {
    if (!tariff.intensity) throw ConfigError("a carbon budget needs a grid intensity");
    const double more = grams_of(unbooked, now, tariff);
    uses.push_back({"carbon", *budget.carbon_g, history.carbon_spent(trial) + more, "g"});
  }
  if (budget.cost) {
    if (!tariff.price) throw ConfigError("a cost budget needs a price per kWh");
    const double more = money_of(unbooked, now, tariff);
    uses.push_back(
        {"cost", *budget.cost, history.cost_spent(trial) + more, tariff.price->currency});
  }
  return uses;
}

std::string used_up_text(const BudgetUse& use, std::string_view whose) {
  return fmt::format("{} {} budget is used up: {} of {}", whose, use.name,
                     amount_text(use.used, use.unit), amount_text(use.limit, use.unit));
}

nlohmann::json to_json(const Budgets& budgets) {
  nlohmann::json out = nlohmann::json::object();
  if (budgets.trials) out["trials"] = *budgets.trials;
  if (budgets.energy) out["energy"] = budgets.energy->value();
  if (budgets.time) out["time"] = budgets.time->value();
  if (budgets.carbon_g) out["carbon"] = *budgets.carbon_g;
  if (budgets.cost) out["cost"] = *budgets.cost;
  return out;
}

Budgets budgets_from_json(const nlohmann::json& document) {
  Budgets budgets;
  const auto amount = [&](const char* key) -> std::optional<double> {
    if (!document.contains(key) || !document.at(key).is_number()) return std::nullopt;
    return document.at(key).get<double>();
  };
  if (const auto trials = amount("trials")) budgets.trials = static_cast<std::uint64_t>(*trials);
  if (const auto energy = amount("energy")) budgets.energy = Joules{*energy};
  if (const auto time = amount("time")) budgets.time = Seconds{*time};
  budgets.carbon_g = amount("carbon");
  budgets.cost = amount("cost");
  return budgets;
}

}  // namespace wattune::trial
