#pragma once

#include <sys/types.h>

#include <set>
#include <span>

#include "trial_process.hpp"

namespace wattune::runners {

/// Finds which trial the orphans belong to that this process has adopted.
class OrphanSearch {
 public:
  /// Tells every trial of its own.
  void look(std::span<TrialProcess* const> trials);

 private:
  std::set<pid_t> dead_strangers_;  // children that nobody here knows and nobody has waited for
};

}  // namespace wattune::runners
