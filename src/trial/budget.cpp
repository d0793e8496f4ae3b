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

}  // namespace

std::vector<BudgetUse> budget_use(const Budgets& budgets, const History& history,
                                  Seconds running_time) {
  const Tariff& tariff = history.problem().tariff;
  const Joules energy = history.total_energy().total().joules();
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
    uses.push_back({"carbon", *budgets.carbon_g, history.carbon_spent(), "g"});
  }
  if (budgets.cost) {
    if (!tariff.price) throw ConfigError("a cost budget needs a price per kWh");
    uses.push_back({"cost", *budgets.cost, history.cost_spent(), tariff.price->currency});
  }
  return uses;
}

std::string used_up_text(const BudgetUse& use) {
  return fmt::format("the {} budget is used up: {} of {}", use.name,
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
