#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "command.hpp"
#include "reading.hpp"
#include "study_reader.hpp"
#include "text_table.hpp"
#include "wattune/report/insight.hpp"
#include "wrap.hpp"

namespace wattune::cli {
namespace {

struct ProxiesOptions {
  std::string study;
  std::vector<std::string> names;
  bool as_json = false;
};

std::string correlation_cell(const Json& correlation) {
  if (correlation.is_null()) return "–";
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", correlation.at("value").get<double>(),
                     correlation.at("low").get<double>(), correlation.at("high").get<double>());
}

std::string proxies_text(const Json& report, const std::string& step) {
  std::string text =
      fmt::format("How well cheap numbers stand in for the energy, over {} trials{}\n",
                  report.at("num_trials").get<int>(), step);
  if (!report.at("entries").empty()) {
    TextTable table{{"proxy", "trials", "rank correlation", "correlation of logs", "verdict"}};
    for (const Json& entry : report.at("entries")) {
      table.add({entry.at("name"), entry.at("num_trials").dump(),
                 correlation_cell(entry.at("spearman")),
                 correlation_cell(entry.at("pearson_of_logs")),
                 entry.at("warnings").empty() ? "stands in" : "misleads"});
    }
    text += "\n" + table.text() + "In brackets: 95 % intervals.\n";
  }
  std::string below;
  for (const Json& entry : report.at("entries")) {
    for (const Json& warning : entry.at("warnings")) {
      below += wrapped("warning:", warning.get<std::string>(), 9);
    }
  }
  for (const Json& note : report.at("notes")) below += wrapped("note:", note.get<std::string>(), 9);
  return text + (below.empty() ? "" : "\n") + below;
}

void show(const ProxiesOptions& options) {
  const report::StudyRecord record = read_study(find_database(options.study));
  const auto known = report::known_proxies(record.history);
  for (const std::string& name : options.names) require_known("--proxy", name, known);
  const Json shown = report::to_json(report::proxies(record.history, options.names));
  const std::string text =
      options.as_json ? shown.dump(2) + "\n"
                      : proxies_text(shown, step_words(record.history.problem(), shown.at("step")));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

void add_proxies(const Command& program) {
  const Command command = program.add(
      "proxies", "Show how well parameters, FLOPs or time stand in for the measured energy");
  const auto options = std::make_shared<ProxiesOptions>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.option("--proxy", options->names,
                 "look at this instead: a fact that the program gave as info, a metric, "
                 "duration or samples");
  command.flag("--json", options->as_json, "print JSON (docs/report-data.md)");
  command.footer(
      "Examples:\n  wattune proxies\n  wattune proxies study.yaml --proxy flops --proxy duration\n"
      "  wattune proxies runs/mnist.db --json\n");
  command.on_call([options] { show(*options); });
}

}  // namespace wattune::cli
