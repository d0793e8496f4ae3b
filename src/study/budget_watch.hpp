#pragma once

#include <map>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/trial/budget.hpp"

namespace wattune::study {

/// Tells when budgets have to be looked at again: sooner the nearer one of them is to its end.
class BudgetWatch {
 public:
  void look(const std::vector<trial::BudgetUse>& uses, MonotonicTime now);

  /// Until the first of them ends, if it is used on as fast as lately; at most `at_most`.
  [[nodiscard]] Seconds until_next(Seconds at_most) const;

 private:
  struct Budget {
    MonotonicTime since;  // of the rate's window
    double used_then = 0.0;
    double rate = 0.0;  // per second
    double left = 0.0;
  };
  std::map<std::string, Budget> budgets_;
};

}  // namespace wattune::study
