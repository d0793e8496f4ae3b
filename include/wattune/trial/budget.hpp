#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/base/units.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::trial {

/// What one trial may use, over all its assignments; whichever ends first stops it for good.
struct TrialBudget {
  std::optional<Joules> energy = {};
  std::optional<Seconds> time = {};
  std::optional<double> carbon_g = {};  ///< Needs a grid intensity in the tariff.
  std::optional<double> cost = {};      ///< In the tariff's currency; needs a price.

  [[nodiscard]] bool is_empty() const { return !energy && !time && !carbon_g && !cost; }
};

/// What a study may use, over all its sessions; whichever ends first ends it.
struct Budgets {
  std::optional<std::uint64_t> trials = {};  ///< How many are created; those that exist may be
                                             ///< finished. Finalists come on top.
  std::optional<Joules> energy = {};         ///< Everything that was metered, the engine included.
  std::optional<Seconds> time = {};          ///< Running time.
  std::optional<double> carbon_g = {};       ///< Needs a grid intensity in the tariff.
  std::optional<double> cost = {};           ///< In the tariff's currency; needs a price.
  TrialBudget per_trial = {};
};

/// How much of one budget is gone.
struct BudgetUse {
  std::string name;  ///< "trials", "energy", "time", "carbon" or "cost".
  double limit = 0.0;
  double used = 0.0;
  std::string unit;  ///< Empty for trials.

  [[nodiscard]] bool is_used_up() const { return used >= limit; }
};

/// One entry per budget that is set.
///
/// Takes    running_time  over all sessions, this one included
///          unbooked  drawn up to `now` and in no event yet
/// Errors   ConfigError  a carbon budget without intensity, a cost budget without price
[[nodiscard]] std::vector<BudgetUse> budget_use(const Budgets& budgets, const History& history,
                                                Seconds running_time,
                                                const EnergyFigure& unbooked = {},
                                                WallTime now = {});

/// The same of one trial and its own budget.
///
/// Takes    unbooked, duration  of its window that is still open at `now`
[[nodiscard]] std::vector<BudgetUse> budget_use(const TrialBudget& budget, const History& history,
                                                const Trial& trial,
                                                const EnergyFigure& unbooked = {},
                                                Seconds duration = {}, WallTime now = {});

/// "the energy budget is used up: 5.01 kJ of 5.00 kJ"; of a trial with `whose` "its".
[[nodiscard]] std::string used_up_text(const BudgetUse& use, std::string_view whose = "the");

/// The budgets as they are kept with every session, and back; unknown keys are ignored.
[[nodiscard]] nlohmann::json to_json(const Budgets& budgets);
[[nodiscard]] Budgets budgets_from_json(const nlohmann::json& document);

}  // namespace wattune::trial
