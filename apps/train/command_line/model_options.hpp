#pragma once

#include "command_line/declarer.hpp"
#include "options.hpp"

namespace wattune::train {

/// A model on the command line.
struct ModelEntry {
  ModelKind kind;
  const char* name;
  const char* what;
  void (*declare)(Declarer declare, Options& options);  ///< Its own options and their defaults.
};

/// Every model, in the order of the help.
const std::vector<ModelEntry>& model_entries();

/// Options that are wrong only beside others.
///
/// Errors   UsageError  naming option, value and what is allowed
void check_together(Options& options);

}  // namespace wattune::train
