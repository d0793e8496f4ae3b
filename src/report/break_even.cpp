#include "wattune/report/break_even.hpp"

#include "wattune/base/require.hpp"

namespace wattune::report {

std::optional<double> break_even_uses(double one_off, double saved_per_use) {
  if (!(saved_per_use > 0.0)) return std::nullopt;
  return one_off > 0.0 ? one_off / saved_per_use : 0.0;
}

double cost_of(const Expense& expense, const Prices& prices) {
  return expense.energy.value() * prices.per_joule + expense.time.value() * prices.per_second;
}

double cost_of_uses(const Expense& one_off, const Expense& use, double num_uses,
                    const Prices& prices) {
  WATTUNE_REQUIRE(num_uses >= 0.0);
  return cost_of(one_off, prices) + num_uses * cost_of(use, prices);
}

Payback payback_of(const Expense& one_off, const Expense& base_use, const Expense& use,
                   const Prices& prices) {
  Payback payback;
  payback.one_off = cost_of(one_off, prices);
  payback.saved_per_use = cost_of(base_use, prices) - cost_of(use, prices);
  payback.break_even = break_even_uses(payback.one_off, payback.saved_per_use);
  return payback;
}

}  // namespace wattune::report
