#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"
#include "wattune/base/version.hpp"
#include "wattune/config/diagnostics.hpp"

namespace wattune::cli {
namespace {

constexpr const char* kAbout =
    "Finds the model configuration that reaches the quality you need for the fewest joules.\n";

constexpr const char* kExamples =
    "Examples:\n"
    "  wattune tune study.yaml            tune what the study file describes; again to go on\n"
    "  wattune best                       the recommended configuration of the newest study\n"
    "  wattune ledger runs/mnist.db       where every joule went\n"
    "  wattune report --output r.html     one page with everything in it\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 the command line or the study file cannot be accepted,\n"
    "130 interrupted by the user.\n";

void complain(const char* message) {
  std::fprintf(stderr, "wattune: %s\n", message);
}

/// What is wrong with the word where the command belongs, if it names none.
std::optional<std::string> wrong_command(const CLI::App& program, const std::string& word) {
  if (word.starts_with('-')) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, word) != names.end()) return std::nullopt;
  const auto nearest = nearest_name(word, names);
  return fmt::format("unknown command `{}`; allowed: {}{}", word, join_names(names),
                     nearest ? fmt::format("; did you mean `{}`?", *nearest) : "");
}

bool is_measure(int argc, char** argv) {
  return argc > 1 && std::string_view{argv[1]} == "measure";
}

/// Cuts off what follows the first `--` of `measure`: the words of another program, not ours.
std::optional<std::vector<std::string>> cut_command(int& argc, char** argv) {
  if (!is_measure(argc, argv)) return std::nullopt;
  char** const end = argv + argc;
  char** const dashes = std::find(argv, end, std::string_view{"--"});
  if (dashes == end) return std::nullopt;
  argc = static_cast<int>(dashes - argv);
  return std::vector<std::string>(dashes + 1, end);
}

int run(int argc, char** argv) {
  const auto after_dashes = cut_command(argc, argv);
  ExitStatus status = ExitStatus::Ok;
  CLI::App program{kAbout, "wattune"};
  const Command commands{program};
  program.footer(kExamples);
  program.set_version_flag("--version", std::string{"wattune "} + version());
  program.require_subcommand(1);
  add_tune(commands, status);
  add_check(commands);
  add_simulate(commands, status);
  add_enqueue(commands);
  add_study(commands, status);
  add_best(commands);
  add_front(commands);
  add_trials(commands);
  add_ledger(commands);
  add_importance(commands);
  add_proxies(commands);
  add_report(commands);
  add_compare(commands);
  add_statement(commands);
  add_export(commands);
  add_history(commands);
  add_measure(commands, status, after_dashes);
  add_meter(commands);
  add_doctor(commands, status);
  add_completion(commands);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    const auto wrong = argc > 1 && !is_help ? wrong_command(program, argv[1]) : std::nullopt;
    if (wrong) {
      complain(wrong->c_str());
    } else {
      program.exit(error);
    }
    if (is_help) return static_cast<int>(ExitStatus::Ok);
    return static_cast<int>(is_measure(argc, argv) ? ExitStatus::MeasureFailed
                                                   : ExitStatus::BadInput);
  } catch (const CommandError& error) {
    complain(error.what());
    return static_cast<int>(error.status());
  } catch (const config::StudyFileError& error) {
    std::fputs(error.what(), stderr);  // Each line begins with its place, for editors to jump to.
    return static_cast<int>(ExitStatus::BadInput);
  } catch (const ConfigError& error) {
    complain(error.what());
    return static_cast<int>(ExitStatus::BadInput);
  } catch (const std::exception& error) {
    complain(error.what());
    return static_cast<int>(ExitStatus::Failure);
  }
  return static_cast<int>(status);
}

}  // namespace
}  // namespace wattune::cli

int main(int argc, char** argv) {
  return wattune::cli::run(argc, argv);
}
