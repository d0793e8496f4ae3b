#pragma once

#include <optional>

#include "wattune/base/units.hpp"

namespace wattune::report {

/// Uses after which something that was paid once has paid for itself: one_off / saved_per_use.
///
/// Takes    one_off  and saved_per_use in one unit: joules, grams, money
/// Gives    nothing where a use saves nothing: it never pays; 0 where nothing was paid
[[nodiscard]] std::optional<double> break_even_uses(double one_off, double saved_per_use);

/// What energy and time on the hardware cost.
struct Prices {
  double per_joule = 0.0;
  double per_second = 0.0;  ///< Of the machine, while it is in use.
};

/// Energy and time of something that is done once, or of one use.
struct Expense {
  Joules energy;
  Seconds time;
};

[[nodiscard]] double cost_of(const Expense& expense, const Prices& prices);

/// C(N) = (E_opt + N e) p_el + (t_opt + N t) p_hw.
///
/// Takes    one_off  what a tactic took; nothing for the model as it was
[[nodiscard]] double cost_of_uses(const Expense& one_off, const Expense& use, double num_uses,
                                  const Prices& prices);

/// A tactic beside the model as it was.
struct Payback {
  double one_off = 0.0;              ///< Money, once.
  double saved_per_use = 0.0;        ///< Money; negative where a use costs more.
  std::optional<double> break_even;  ///< Uses; nothing where it never pays.
};

/// Source   docs/papers.md, "Optimisation tactics"
[[nodiscard]] Payback payback_of(const Expense& one_off, const Expense& base_use,
                                 const Expense& use, const Prices& prices);

}  // namespace wattune::report
