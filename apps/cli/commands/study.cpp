#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "output_file.hpp"
#include "reading.hpp"
#include "replication_run.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/diagnostics.hpp"
#include "wattune/replication/document.hpp"
#include "wattune/replication/manifest.hpp"
#include "wattune/report/html.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;
using replication::Manifest;
using replication::Scale;

struct Options {
  std::string name;
  std::string folder = "studies";
  std::string scale = "small";
  bool again = false;
  bool as_json = false;
  bool plain = false;
};

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (fs::exists(entry.path() / replication::kManifestName)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

/// A name below the folder of studies, or a folder of its own.
Manifest open(const Options& options) {
  const fs::path below = fs::path{options.folder} / options.name;
  if (fs::exists(below / replication::kManifestName)) return replication::read_manifest(below);
  if (fs::exists(fs::path{options.name} / replication::kManifestName)) {
    return replication::read_manifest(options.name);
  }
  const std::vector<std::string> names = names_in(options.folder);
  const auto nearest = nearest_name(options.name, names);
  throw CommandError(
      ExitStatus::BadInput,
      names.empty()
          ? fmt::format("there is no study in {}/; run this where the project's folder `studies` "
                        "is, or name it with --folder",
                        options.folder)
          : fmt::format("no study `{}` in {}/; there are {}{}", options.name, options.folder,
                        join_names(names),
                        nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
}

Scale scale_of(const Options& options) {
  return replication::scale_from_text(options.scale).value_or(Scale::Small);
}

fs::path summary_path(const Manifest& manifest, Scale scale) {
  return results_folder(manifest, scale) / "summary.json";
}

std::string analysis_text(const Json& analysis) {
  constexpr std::size_t kMostRows = 24;
  std::string text = fmt::format("\n{} ({})\n", analysis.at("title").get<std::string>(),
                                 analysis.at("kind").get<std::string>());
  TextTable table{analysis.at("columns").get<std::vector<std::string>>()};
  const Json& rows = analysis.at("rows");
  for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
    std::vector<std::string> cells;
    for (const Json& cell : rows[i]) cells.push_back(number_cell(cell));
    table.add(std::move(cells));
  }
  if (!rows.empty()) text += table.text();
  if (rows.size() > kMostRows) text += fmt::format("and {} more rows\n", rows.size() - kMostRows);
  for (const Json& note : analysis.at("notes")) {
    text += fmt::format("note: {}\n", note.get<std::string>());
  }
  return text;
}

std::string experiments_text(const Json& document) {
  TextTable table{{"experiment", "state", "trials", "energy", "time", "why"}};
  for (const Json& row : document.at("experiments")) {
    const auto has = [&](const char* key) { return row.contains(key) && !row.at(key).is_null(); };
    table.add({row.at("experiment"), row.at("state"),
               number_cell(row.value("trials", Json(nullptr))),
               has("energy_j") ? si_text(row.at("energy_j"), "J") : "–",
               has("elapsed_s") ? duration_text(Seconds{row.at("elapsed_s").get<double>()}) : "–",
               row.at("state") == "failed" ? row.at("why").get<std::string>() : ""});
  }
  return table.text();
}

std::string checks_text(const Json& document) {
  std::string text = "\n";
  for (const Json& check : document.at("checks")) {
    const std::string words = check.at("words").get<std::string>();
    text += fmt::format("{:<7} {}{}\n", check.at("state").get<std::string>(),
                        check.at("claim").get<std::string>(),
                        words.empty() ? "" : fmt::format(" ({})", words));
  }
  return text;
}

std::string document_text(const Json& document) {
  std::string text = fmt::format("\n{}, scale {}\n\n", document.at("title").get<std::string>(),
                                 document.at("scale").get<std::string>());
  text += experiments_text(document);
  for (const Json& analysis : document.at("analyses")) text += analysis_text(analysis);
  return text + checks_text(document);
}

void show(const Options& options, const Json& document) {
  const std::string out = options.as_json ? document.dump(2) + "\n" : document_text(document);
  std::fwrite(out.data(), 1, out.size(), stdout);
}

/// A broken claim and an experiment that left nothing are told by the exit status too.
ExitStatus status_of(const Json& document) {
  const bool has_failed = std::ranges::any_of(
      document.at("experiments"), [](const Json& row) { return row.at("state") == "failed"; });
  return replication::num_broken(document) > 0 || has_failed ? ExitStatus::Failure : ExitStatus::Ok;
}

ExitStatus run(const Options& options) {
  const Scale scale = scale_of(options);
  const Manifest manifest = replication::at_scale(open(options), scale);
  const bool is_whole =
      run_experiments({.manifest = manifest,
                       .scale = scale,
                       .again = options.again,
                       .voice = options.as_json ? Voice::Silent : voice_for(options.plain)});
  replication::Workbook book = read_tables(manifest, scale);
  const Json document = replication::evaluate(manifest, scale, book);
  const fs::path folder = results_folder(manifest, scale);
  write_file(summary_path(manifest, scale), document.dump(1) + "\n");
  write_file(folder / "report.html", report::render_html(document.dump()));
  show(options, document);
  if (!options.as_json) fmt::print("\nresults  {}\n", folder.string());
  return is_whole ? status_of(document) : ExitStatus::Interrupted;
}

/// Makes the analyses anew from the tables and holds the summary against them.
ExitStatus check(const Options& options) {
  const Scale scale = scale_of(options);
  const Manifest manifest = replication::at_scale(open(options), scale);
  replication::Workbook book = read_tables(manifest, scale);
  const Json document = replication::evaluate(manifest, scale, book);
  std::ifstream stream(summary_path(manifest, scale));
  const Json summary = Json::parse(stream, nullptr, false);
  const std::vector<std::string> differing =
      summary.is_object() ? replication::differences(summary, document)
                          : std::vector<std::string>{"there is no summary.json"};
  if (options.as_json) {
    const Json out{{"name", manifest.name},
                   {"scale", options.scale},
                   {"checks", document.at("checks")},
                   {"differences", differing}};
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{}, scale {}{}", manifest.name, options.scale, checks_text(document));
    for (const std::string& words : differing) fmt::print("broken  {}\n", words);
  }
  return differing.empty() ? status_of(document) : ExitStatus::Failure;
}

Json listed(const Options& options) {
  Json list = Json::array();
  for (const std::string& name : names_in(options.folder)) {
    try {
      const Manifest manifest = replication::read_manifest(fs::path{options.folder} / name);
      Json ran = Json::array();
      for (const Scale scale : {Scale::Small, Scale::Full}) {
        if (fs::exists(summary_path(manifest, scale))) ran.push_back(to_text(scale));
      }
      list.push_back({{"name", name},
                      {"title", manifest.title},
                      {"paper", manifest.paper.title},
                      {"experiments", manifest.experiments.size()},
                      {"results", ran}});
    } catch (const config::StudyFileError& error) {
      list.push_back({{"name", name}, {"error", error.what()}});
    }
  }
  return list;
}

void list(const Options& options) {
  const Json studies = listed(options);
  if (options.as_json) {
    fmt::print("{}\n", studies.dump(2));
    return;
  }
  TextTable table{{"name", "what", "experiments", "results"}};
  std::string errors;
  for (const Json& study : studies) {
    if (study.contains("error")) {
      errors += study.at("error").get<std::string>();
      continue;
    }
    const auto scales = study.at("results").get<std::vector<std::string>>();
    table.add({study.at("name"), study.at("title"), study.at("experiments").dump(),
               scales.empty() ? "none yet" : join_names(scales)});
  }
  fmt::print("{}",
             studies.empty() ? fmt::format("no study in {}/\n", options.folder) : table.text());
  std::fputs(errors.c_str(), stderr);
}

void add_words(const Command& command, Options& options, bool takes_name) {
  if (takes_name) {
    command.option("name", options.name, "a study of `wattune study list`, or its folder")
        .required();
    command.option("--scale", options.scale, "small: minutes; full: the size of the paper")
        .one_of({"small", "full"})
        .shows_default();
  }
  command.option("--folder", options.folder, "where the studies are").shows_default();
  command.flag("--json", options.as_json, "print JSON");
}

}  // namespace

void add_study(const Command& program, ExitStatus& status) {
  const Command study =
      program.add("study", "Rerun published energy studies and hold the results against them");
  study.needs_command();
  const auto options = std::make_shared<Options>();

  const Command list_command = study.add("list", "What there is to rerun");
  add_words(list_command, *options, false);
  list_command.footer("Examples:\n  wattune study list\n");
  list_command.on_call([options] { list(*options); });

  const Command run_command =
      study.add("run", "Run all experiments of a study; the same command again goes on");
  add_words(run_command, *options, true);
  run_command.flag("--again", options->again, "run what is finished anew");
  run_command.flag("--plain", options->plain, "print lines instead of the live view");
  run_command.footer(
      "Results: FOLDER/NAME/results/SCALE, with tables, summary.json and report.html.\n"
      "Exit status 1 where a claim is broken or an experiment failed.\n"
      "Examples:\n  wattune study run power-of-training\n"
      "  wattune study run sm2 --scale full\n");
  run_command.on_call([options, &status] { status = run(*options); });

  const Command check_command =
      study.add("check", "Make the analyses anew from the tables and check the claims");
  add_words(check_command, *options, true);
  check_command.footer("Examples:\n  wattune study check power-of-training\n");
  check_command.on_call([options, &status] { status = check(*options); });
}

}  // namespace wattune::cli
