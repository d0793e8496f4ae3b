#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"

namespace wattune::energy {

/// Totals by channel that go on where the last run of the program left them.
///
/// Errors   Permission, Transient  the file cannot be read or written; names it
///          Invalid                it holds something else
/// Threads  one thread, and one program per file
class LastingTotals {
 public:
  /// Reads the totals of earlier runs; a file that does not exist is an empty one.
  [[nodiscard]] static Result<LastingTotals> open(std::filesystem::path file);

  /// What earlier runs counted and what this run has counted up to now. Less than before counts as
  /// what it was: a total never goes down.
  void set_counted(const std::string& channel, Microjoules in_this_run);
  [[nodiscard]] const std::map<std::string, Microjoules>& totals() const { return totals_; }

  /// Writes the file whole. What has been shown to others must have been saved before.
  [[nodiscard]] Result<void> save() const;

 private:
  std::filesystem::path file_;
  std::map<std::string, Microjoules> before_;
  std::map<std::string, Microjoules> totals_;
};

}  // namespace wattune::energy
