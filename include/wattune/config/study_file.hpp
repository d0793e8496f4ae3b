#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/config/diagnostics.hpp"
#include "wattune/config/strategy_section.hpp"
#include "wattune/report/carbontracker.hpp"
#include "wattune/trial/budget.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// One argument of the command, placeholders still in it.
struct CommandWord {
  std::string text;
  Place place;
};

/// What the study may spend. Whichever ends first ends it.
struct BudgetSection {
  std::optional<std::int64_t> trials;
  std::optional<Joules> energy;
  std::optional<Seconds> time;
  std::optional<double> carbon_g;
  std::optional<double> cost;         ///< In the currency of the tariff.
  trial::TrialBudget per_trial = {};  ///< Does not end the study.

  [[nodiscard]] bool is_empty() const { return !trials && !energy && !time && !carbon_g && !cost; }
};

/// How a metric, or `step`, is read from what an unmodified program prints.
struct CapturePattern {
  std::string name;
  std::string pattern;  ///< ECMAScript, one group.
};

struct RunnerSection {
  std::optional<std::int64_t> workers;  ///< Trials at once; none: as many as there are slots.
  std::int64_t cores_per_trial = 1;
  std::int64_t gpus_per_trial = 0;
  std::optional<Seconds> time_limit;
  std::optional<Seconds> silence_limit;
  Seconds grace{10.0};
  std::filesystem::path directory;  ///< Where the command runs.
  std::vector<std::pair<std::string, std::string>> environment;
  bool keeps_all_checkpoints = false;  ///< Else those that nobody can need any more are deleted.
};

/// How cool the devices must be before a trial begins.
struct CooldownSection {
  double degrees = 3.0;   ///< In Celsius.
  bool is_margin = true;  ///< Above what they are without work; else a temperature of its own.
  Seconds at_most{60.0};  ///< Then it begins all the same.
};

/// What is measured again when the search has ended.
struct FinalistsSection {
  std::int64_t count = 3;
  std::int64_t repeats = 2;
};

/// Another study whose best configurations are tried first.
struct WarmStartSection {
  std::filesystem::path study;  ///< Its database.
  std::int64_t count = 5;       ///< Configurations taken.
};

struct ReportSection {
  double tolerance = 0.01;  ///< Quality within which the cheapest configuration is recommended.
  std::optional<report::CarbontrackerOptions> carbontracker;  ///< Shown beside the ledger.
};

/// A study file that was accepted: nothing in it contradicts itself.
struct StudyFile {
  SourceText source;
  trial::Problem problem;
  std::vector<CommandWord> command;
  StrategyOptions strategy;
  BudgetSection budget;
  std::vector<CapturePattern> capture;  ///< Empty for a program that speaks the trial protocol.
  RunnerSection runner;
  ReportSection report;
  std::vector<std::string>
      metrics;  ///< What the program says it reports; empty if it says nothing.
  std::vector<Diagnostic> warnings;
  std::map<std::string, Place, std::less<>> marks;   ///< Of every key, by path: "budget.energy".
  std::optional<CooldownSection> cooldown = {};      ///< None: trials begin at once.
  std::optional<FinalistsSection> finalists = {};    ///< None: nothing is measured again.
  std::vector<space::Configuration> try_first = {};  ///< Before the sampler is asked.
  std::optional<WarmStartSection> warm_start = {};   ///< What another study found, after those.
  bool has_history = true;  ///< Learns from earlier studies of this user, and they from it.

  /// An error at a key, for checks that need more than the file: a device, a folder, a strategy.
  [[nodiscard]] StudyFileError error_at(std::string_view path, std::string message) const;
};

/// Reads a study from a text. `file_name` is shown in messages; the command runs in its folder.
///
/// Errors   StudyFileError  with everything that is wrong, in file order
[[nodiscard]] StudyFile parse_study(std::string text, const std::filesystem::path& file_name);

/// Reads a study file.
///
/// Errors   StudyFileError  as parse_study; also for a file that is missing or is none, and for a
///                          `runner.directory` that does not exist
[[nodiscard]] StudyFile read_study_file(const std::filesystem::path& path);

}  // namespace wattune::config
