#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace wattune::cli {

/// What the shell sees; docs/command-line.md lists them.
enum class ExitStatus : int {
  Ok = 0,
  Failure = 1,          ///< Something went wrong on the way; the message says what.
  BadInput = 2,         ///< The command line or the study file cannot be accepted; nothing was run.
  MeasureFailed = 125,  ///< `measure` itself failed: every other status may be its command's.
  Interrupted = 130     ///< The user stopped the study; the same command goes on with it.
};

/// Ends a command with a message and a status.
class CommandError : public std::runtime_error {
 public:
  CommandError(ExitStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

// Each command adds itself to the program: its words, its help, and what it does when it is called.
void add_tune(const Command& program, ExitStatus& status);
void add_simulate(const Command& program, ExitStatus& status);
void add_study(const Command& program, ExitStatus& status);
void add_statement(const Command& program);
void add_check(const Command& program);
void add_best(const Command& program);
void add_compare(const Command& program);
void add_front(const Command& program);
void add_trials(const Command& program);
void add_importance(const Command& program);
void add_proxies(const Command& program);
void add_ledger(const Command& program);
void add_report(const Command& program);
void add_export(const Command& program);
void add_enqueue(const Command& program);
void add_history(const Command& program);
void add_completion(const Command& program);
void add_doctor(const Command& program, ExitStatus& status);
void add_meter(const Command& program);
void add_meter_calibrate(const Command& meter);
void add_meter_live(const Command& meter);
void add_meter_serve(const Command& meter);
/// `after_dashes`: the words after the first `--`, which is no word itself; none without one.
void add_measure(const Command& program, ExitStatus& status,
                 const std::optional<std::vector<std::string>>& after_dashes);

}  // namespace wattune::cli
