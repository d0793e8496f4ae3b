#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "command.hpp"
#include "output_file.hpp"
#include "reading.hpp"
#include "study_reader.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/report/comparison.hpp"
#include "wattune/report/html.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> studies;
  bool as_json = false;
  bool as_csv = false;
  std::string report;
  std::string tolerance;
  report::ComparisonOptions comparison;
};

/// The databases' names without folder and ending; whole paths where two are called the same.
std::vector<std::string> labels_of(const std::vector<fs::path>& databases) {
  std::map<std::string, int> count;
  for (const fs::path& path : databases) ++count[path.stem().string()];
  std::vector<std::string> labels;
  for (const fs::path& path : databases) {
    labels.push_back(count[path.stem().string()] == 1 ? path.stem().string() : path.string());
  }
  return labels;
}

report::QualityTolerance tolerance_from(const std::string& text) {
  report::QualityTolerance tolerance;
  const bool is_relative = text.ends_with('%');
  const char* const end = text.data() + text.size() - (is_relative ? 1 : 0);
  const auto [read_to, error] = std::from_chars(text.data(), end, tolerance.amount);
  if (error != std::errc{} || read_to != end || !(tolerance.amount >= 0.0)) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("--tolerance: `{}` is neither a number of 0 or more, such as "
                                   "0.01, nor a part of the quality, such as 2%",
                                   text));
  }
  tolerance.is_relative = is_relative;
  if (is_relative) tolerance.amount /= 100.0;
  return tolerance;
}

Json compare(const Options& options) {
  std::vector<fs::path> databases;
  for (const std::string& study : options.studies) databases.push_back(find_database(study));
  const std::vector<std::string> labels = labels_of(databases);
  std::deque<report::StudyRecord> records;
  std::vector<report::ComparedStudy> compared;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (std::ranges::count(labels, labels[i]) > 1) {
      throw CommandError(ExitStatus::BadInput, labels[i] + " is named twice");
    }
    compared.push_back({labels[i], &records.emplace_back(read_study(databases[i]))});
  }
  report::ComparisonOptions how = options.comparison;
  if (!options.tolerance.empty()) how.tolerance = tolerance_from(options.tolerance);
  auto document = report::comparison_document(compared, how);
  if (!document) throw CommandError(ExitStatus::BadInput, document.error().message);
  return *std::move(document);
}

/// What a column is called: a study by its label, a strategy by a number and the beginning of its
/// words.
std::vector<std::string> head_of(const Json& document, const std::string& first) {
  constexpr std::size_t kWidth = 24;
  std::vector<std::string> head{first};
  for (const Json& series : document.at("series")) {
    auto label = series.at("label").get<std::string>();
    if (document.at("grouped").get<bool>()) {
      const std::string number = fmt::format("#{} ", head.size());
      label = num_columns(label) > kWidth ? number + cut_to(label, kWidth) + "…" : number + label;
    }
    head.push_back(std::move(label));
  }
  return head;
}

/// "#1: tpe; full (3 studies)", one line each.
std::string groups_text(const Json& document) {
  if (!document.at("grouped").get<bool>()) return "";
  std::string text = "\n";
  for (std::size_t i = 0; i < document.at("series").size(); ++i) {
    const Json& series = document.at("series")[i];
    std::string studies;
    for (const Json& label : series.at("studies")) {
      studies += (studies.empty() ? "" : ", ") + label.get<std::string>();
    }
    text += fmt::format("#{}: {} ({})\n", i + 1, series.at("label").get<std::string>(), studies);
  }
  return text;
}

/// "1.20 kJ (1.10 kJ to not reached)": a median with its range where there is one.
std::string range_cell(const Json& cell, const std::string& unit, const std::string& missing) {
  const auto text = [&](const Json& value) {
    if (value.is_null()) return missing;
    return unit.empty() ? number_cell(value) : si_text(value.get<double>(), unit);
  };
  if (!cell.contains("best")) return text(cell.at("value"));
  return fmt::format("{} ({} to {})", text(cell.at("value")), text(cell.at("best")),
                     text(cell.at("worst")));
}

std::string studies_text(const Json& document) {
  TextTable table{
      {"study", "energy", "explored", "time", "trials", "best trial", "metrics of the best trial"}};
  std::string strategies;
  for (const Json& study : document.at("studies")) {
    std::string metrics = "no result";
    if (study.contains("best")) metrics = configuration_cell(study.at("best").at("metrics"));
    const Json share =
        study.at("stages").is_null() ? Json(nullptr) : study.at("stages").at("explored_share");
    table.add({study.at("label"), figure_cell(study.at("energy")),
               share.is_null() ? "–" : fmt::format("{:.0f} %", 100.0 * share.get<double>()),
               duration_text(Seconds{study.at("elapsed_s").get<double>()}),
               study.at("num_trials").dump(),
               study.contains("best") ? study.at("best").at("trial").dump() : "–", metrics});
    strategies += fmt::format("{}: {}\n", study.at("label").get<std::string>(),
                              study.at("strategy").get<std::string>());
  }
  const std::string groups = groups_text(document);
  return table.text() + (groups.empty() ? "\n" + strategies : groups);
}

std::string to_quality_text(const Json& document) {
  if (document.at("to_quality").empty()) return "";
  TextTable table{head_of(document, "joules until it was at least")};
  for (const Json& row : document.at("to_quality")) {
    std::vector<std::string> cells{number_cell(row.at("quality"))};
    for (std::size_t i = 0; i < row.at("joules").size(); ++i) {
      std::string cell = range_cell(row.at("joules")[i], "J", "not reached");
      const Json& ratio = row.at("ratios")[i];
      if (i > 0 && !ratio.is_null()) cell += fmt::format(", x{:.2f}", ratio.get<double>());
      cells.push_back(std::move(cell));
    }
    table.add(std::move(cells));
  }
  return "\n" + table.text();
}

std::string at_joules_text(const Json& document) {
  const auto quality = document.at("objectives").front().at("name").get<std::string>();
  TextTable table{head_of(document, "best " + quality + " after")};
  for (const Json& row : document.at("at_joules")) {
    std::vector<std::string> cells{si_text(row.at("joules").get<double>(), "J")};
    for (const Json& cell : row.at("qualities")) cells.push_back(range_cell(cell, "", "–"));
    table.add(std::move(cells));
  }
  std::string text = "\n" + table.text();
  const Json& area = document.at("area");
  if (area.is_null()) return text;
  TextTable mean{head_of(
      document, fmt::format("mean best from {} to {}", si_text(area.at("from").get<double>(), "J"),
                            si_text(area.at("to").get<double>(), "J")))};
  std::vector<std::string> cells{quality};
  for (const Json& cell : area.at("mean_qualities")) cells.push_back(range_cell(cell, "", "–"));
  mean.add(std::move(cells));
  return text + "\n" + mean.text();
}

std::string savings_text(const Json& document) {
  std::string text;
  for (const Json& saving : document.at("savings")) {
    const auto study = saving.at("study").get<std::string>();
    const auto against = saving.at("against").get<std::string>();
    if (!saving.at("comparable").get<bool>()) {
      text += fmt::format("{} against {}: not comparable: {}\n", study, against,
                          saving.at("why_not").get<std::string>());
      continue;
    }
    const double percent = saving.at("percent");
    text += fmt::format("{} {} {:.0f} % of the energy of {} at the same quality\n", study,
                        percent >= 0.0 ? "saves" : "takes another", std::abs(percent), against);
  }
  if (document.contains("energy_ratio")) {
    text += fmt::format("the second took {:.2f} times the energy of the first\n",
                        document.at("energy_ratio").get<double>());
  }
  return "\n" + text;
}

std::string comparison_text(const Json& document) {
  std::string text;
  for (const Json& warning : document.at("warnings")) {
    text += fmt::format("warning: {}\n", warning.get<std::string>());
  }
  if (!text.empty()) text += "\n";
  return text + studies_text(document) + to_quality_text(document) + at_joules_text(document) +
         savings_text(document);
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// One line for each step of each study's curve.
std::string comparison_csv(const Json& document) {
  std::string text = "study,strategy,seed,joules,elapsed_s,quality,regret,trial,step\n";
  for (const Json& study : document.at("studies")) {
    for (const Json& point : study.at("curve")) {
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_cell(study.at("label")),
                          csv_cell(study.at("strategy")), study.at("seed").dump(),
                          point.at("energy").dump(), point.at("elapsed_s").dump(),
                          point.at("quality").dump(), point.at("regret").dump(),
                          point.at("trial").dump(), point.at("step").dump());
    }
  }
  return text;
}

}  // namespace

void add_compare(const Command& program) {
  const Command command = program.add(
      "compare", "Set studies of one problem side by side: what they knew after how many joules");
  const auto options = std::make_shared<Options>();
  report::ComparisonOptions& how = options->comparison;
  command
      .option("studies", options->studies,
              "study files or databases; the others are held against the first")
      .required()
      .at_least(2);
  command.flag("--group", how.by_strategy,
               "studies of one strategy are one: the median and the range over its seeds");
  command.option("--quality", how.qualities, "qualities to be reached, instead of a choice");
  command.option("--joules", how.joules, "joules to compare after, instead of a choice");
  command.option("--best", how.best_known,
                 "best quality there is, for the regret; else the best of those compared");
  command.option("--reference", how.reference,
                 "reference point of the hypervolume, one loss for each objective");
  command.option("--tolerance", options->tolerance,
                 "within which final qualities count as the same: 0.01, or 2%");
  command.flag("--json", options->as_json, "print JSON");
  command.flag("--csv", options->as_csv, "print the curves as CSV").excludes("--json");
  command.option("--report", options->report, "also write one self-contained HTML page");
  command.footer(
      "Examples:\n  wattune compare search.yaml runs/baseline.db\n"
      "  wattune compare runs/sm2-*.db runs/tpe-*.db --group --report compared.html\n");
  command.on_call([options] {
    const Json document = compare(*options);
    if (!options->report.empty()) {
      write_file(options->report, report::render_html(document.dump()));
    }
    const std::string out = options->as_json  ? document.dump(2) + "\n"
                            : options->as_csv ? comparison_csv(document)
                                              : comparison_text(document);
    std::fwrite(out.data(), 1, out.size(), stdout);
  });
}

}  // namespace wattune::cli
