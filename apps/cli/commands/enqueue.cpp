#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <locale>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "study_reader.hpp"
#include "wattune/base/clock.hpp"
#include "wattune/storage/sqlite.hpp"

namespace wattune::cli {
namespace {

using Changes = std::vector<std::pair<std::string, space::Choice>>;

struct EnqueueOptions {
  std::string study;
  std::vector<std::string> values;
  std::string file;
};

[[noreturn]] void refuse(const std::string& message) {
  throw CommandError(ExitStatus::BadInput, message);
}

template <typename T>
std::optional<T> whole_text_as(const std::string& text) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  T value{};
  in >> value;
  if (in.fail() || !in.eof()) return std::nullopt;
  return value;
}

/// What the words mean for this parameter: 1 is a number to one and a word to another.
space::Choice choice_of(const space::Space& space, std::size_t parameter, const std::string& text) {
  std::vector<space::Choice> meanings;
  if (const auto whole = whole_text_as<std::int64_t>(text)) meanings.emplace_back(*whole);
  if (const auto number = whole_text_as<double>(text)) meanings.emplace_back(*number);
  if (text == "true" || text == "false") meanings.emplace_back(text == "true");
  meanings.emplace_back(text);
  const auto fitting = std::ranges::find_if(meanings, [&](const space::Choice& meaning) {
    return space.to_value(parameter, meaning).has_value();
  });
  return fitting != meanings.end() ? *fitting : meanings.front();
}

Changes changes_from(const space::Space& space, const std::vector<std::string>& values) {
  Changes changes;
  for (const std::string& value : values) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos) {
      refuse(fmt::format("--set {}: give a parameter and its value, such as --set lr=0.1", value));
    }
    const std::string name = value.substr(0, equals);
    const std::string text = value.substr(equals + 1);
    const auto parameter = space.index_of(name);
    changes.emplace_back(name, parameter ? choice_of(space, *parameter, text) : text);
  }
  return changes;
}

space::Choice choice_of(const nlohmann::json& value, const std::string& place) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  refuse(place + " is no value of a parameter");
}

std::vector<Changes> changes_from_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) refuse(path + " cannot be read");
  const nlohmann::json document = nlohmann::json::parse(in, nullptr, false);
  if (!document.is_array()) {
    refuse(path + R"( is no list of configurations, such as [{"lr": 0.1}, {"lr": 0.01}])");
  }
  std::vector<Changes> all;
  for (const nlohmann::json& object : document) {
    if (!object.is_object()) refuse(fmt::format("{}: {} is no object", path, object.dump()));
    Changes& changes = all.emplace_back();
    for (const auto& [name, value] : object.items()) {
      changes.emplace_back(name, choice_of(value, fmt::format("{}: `{}`", path, name)));
    }
  }
  return all;
}

/// What is not named has its default, else the middle of its domain.
space::Configuration configuration_of(const space::Space& space, const Changes& changes) {
  const space::Configuration nothing(std::vector<space::Value>(space.size()));
  const auto configuration = space.with(nothing, changes);
  if (!configuration) refuse(configuration.error().message);
  for (const auto& [name, choice] : changes) {
    if (configuration->is_active(*space.index_of(name))) continue;
    refuse(fmt::format("`{}` does not apply under its condition in {}", name,
                       space.to_json(*configuration).dump()));
  }
  if (space.is_forbidden(*configuration)) {
    refuse(fmt::format("{} is forbidden", space.to_json(*configuration).dump()));
  }
  return *configuration;
}

/// Why the study would never try it.
std::optional<std::string> known_as(const trial::History& history,
                                    const space::Configuration& configuration) {
  const auto trials = history.trials();
  const auto tried = std::ranges::find_if(trials, [&](const trial::Trial& trial) {
    return trial.purpose() == trial::Purpose::Search && trial.configuration() == configuration;
  });
  if (tried != trials.end()) return fmt::format("tried as trial {}", tried->id().number());
  const auto& enqueued = history.enqueued();
  if (std::ranges::find(enqueued, configuration) != enqueued.end()) return "enqueued";
  return std::nullopt;
}

void append(const std::filesystem::path& database, const std::vector<trial::Event>& events) {
  const auto storage = storage::open_sqlite(database, {.mode = storage::OpenMode::Append});
  if (!storage) throw CommandError(ExitStatus::Failure, storage.error().message);
  const auto done = (*storage)->append(events, SystemClock{}.wall_now());
  if (!done) throw CommandError(ExitStatus::Failure, done.error().message);
}

void enqueue(const EnqueueOptions& options) {
  const std::filesystem::path database = find_database(options.study);
  const report::StudyRecord record = read_study(database);
  const trial::Problem& problem = record.history.problem();
  if (problem.strategy.starts_with("SM2")) {
    refuse("SM2 makes its candidates itself: nothing can be enqueued for " + database.string());
  }
  std::vector<Changes> wanted;
  if (!options.values.empty()) wanted.push_back(changes_from(problem.space, options.values));
  if (!options.file.empty()) {
    for (Changes& changes : changes_from_file(options.file)) wanted.push_back(std::move(changes));
  }
  if (wanted.empty()) refuse("nothing to enqueue: give --set NAME=VALUE or --file FILE");

  std::vector<trial::Event> events;
  trial::History history = record.history;  // which knows what is enqueued here twice
  for (const Changes& changes : wanted) {
    const space::Configuration configuration = configuration_of(problem.space, changes);
    const std::string text = problem.space.to_json(configuration).dump();
    if (const auto known = known_as(history, configuration)) {
      fmt::print("{} is {} already\n", text, *known);
      continue;
    }
    events.emplace_back(trial::ConfigurationEnqueued{configuration});
    history.apply(events.back());
    fmt::print("{}\n", text);
  }
  append(database, events);
  fmt::print("{} enqueued in {}; the next `wattune tune` tries {} first\n", events.size(),
             database.string(), events.size() == 1 ? "it" : "them");
}

}  // namespace

void add_enqueue(const Command& program) {
  const Command command = program.add(
      "enqueue", "Name configurations that the study tries before it chooses any further");
  const auto options = std::make_shared<EnqueueOptions>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command
      .option("--set", options->values,
              "NAME=VALUE; several together are one configuration, the rest is as by default")
      .repeatable();
  command.option("--file", options->file, "JSON list of configurations: [{\"lr\": 0.1}, ...]");
  command.footer(
      "A configuration that was tried is not tried again. A study that has used up its budget "
      "needs "
      "a larger one.\n"
      "Examples:\n"
      "  wattune enqueue study.yaml --set lr=0.1 --set optimizer=adam\n"
      "  wattune enqueue study.yaml --file known_good.json && wattune tune study.yaml\n");
  command.on_call([options] { enqueue(*options); });
}

}  // namespace wattune::cli
