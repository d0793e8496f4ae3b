#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

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
void add_tune(CLI::App& program, ExitStatus& status);
void add_simulate(CLI::App& program, ExitStatus& status);
void add_check(CLI::App& program);
void add_best(CLI::App& program);
void add_compare(CLI::App& program);
void add_front(CLI::App& program);
void add_trials(CLI::App& program);
void add_importance(CLI::App& program);
void add_proxies(CLI::App& program);
void add_ledger(CLI::App& program);
void add_report(CLI::App& program);
void add_export(CLI::App& program);
void add_enqueue(CLI::App& program);
void add_completion(CLI::App& program);
void add_doctor(CLI::App& program, ExitStatus& status);
void add_meter(CLI::App& program);
void add_meter_calibrate(CLI::App& meter);
void add_meter_live(CLI::App& meter);
void add_meter_serve(CLI::App& meter);
/// `after_dashes`: the words after the first `--`, which is no word itself; none without one.
void add_measure(CLI::App& program, ExitStatus& status,
                 const std::optional<std::vector<std::string>>& after_dashes);

}  // namespace wattune::cli
