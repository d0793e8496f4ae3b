#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "command.hpp"
#include "reading.hpp"
#include "study_reader.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/report/insight.hpp"
#include "wrap.hpp"

namespace wattune::cli {
namespace {

using report::ImportanceMethod;
using trial::History;
using trial::Measure;

struct ImportanceOptions {
  std::string study;
  std::vector<std::string> objectives;
  std::string method = "fanova";
  bool as_json = false;
};

/// A line of blocks whose length is the share of 1.
std::string bar_of(double share) {
  constexpr double kLength = 32.0;
  constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<int>(std::lround(8.0 * kLength * std::clamp(share, 0.0, 1.0)));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kParts[eighths % 8];
}

/// "42", "4.2": what is below 10 keeps a decimal, so that it does not read as nothing.
std::string percent_text(double share) {
  return share < 0.0995 ? fmt::format("{:.1f}", 100.0 * share)
                        : fmt::format("{:.0f}", 100.0 * share);
}

std::vector<std::string> row_of(const std::string& name, const Json& entry) {
  return {name, percent_text(entry.at("share")) + " %",
          fmt::format("{} to {} %", percent_text(entry.at("low")), percent_text(entry.at("high"))),
          bar_of(entry.at("share"))};
}

std::string head_of(const Json& entry, const std::string& step) {
  const std::string where = fmt::format("{} trials{}", entry.at("num_trials").get<int>(), step);
  if (entry.at("method") == "ped-anova") {
    return fmt::format("what the best {} of {} have in common", entry.at("num_good").get<int>(),
                       where);
  }
  std::string text = fmt::format("shares of its variance over the whole space, from {}", where);
  if (entry.at("explained").is_number()) {
    text += fmt::format("; the forest tells {:.0f} % among trials it has not seen",
                        100.0 * std::max(0.0, entry.at("explained").get<double>()));
  }
  return text;
}

std::string notes_text(const Json& notes) {
  std::string text;
  for (const Json& note : notes) text += wrapped("note:", note.get<std::string>(), 6);
  return text;
}

std::string parameters_text(const Json& entry) {
  const bool is_fanova = entry.at("method") == "fanova";
  TextTable table{{"parameter", "share", is_fanova ? "90 % of trees" : "90 % of resamples", ""}};
  for (const Json& one : entry.at("parameters")) table.add(row_of(one.at("name"), one));
  return entry.at("parameters").empty() ? "" : "\n" + table.text();
}

/// The pairs that are worth a line.
std::string pairs_text(const Json& entry) {
  constexpr double kLeastShare = 0.01;
  constexpr std::size_t kMostPairs = 5;
  TextTable table{{"together, beyond each alone", "share", "90 % of trees", ""}};
  std::size_t num_pairs = 0;
  for (const Json& pair : entry.at("pairs")) {
    if (pair.at("share").get<double>() < kLeastShare || num_pairs == kMostPairs) break;
    table.add(row_of(fmt::format("{} × {}", pair.at("names").at(0).get<std::string>(),
                                 pair.at("names").at(1).get<std::string>()),
                     pair));
    ++num_pairs;
  }
  return num_pairs == 0 ? "" : "\n" + table.text();
}

std::string importance_text(const Json& entry, const std::string& step) {
  const auto measure = entry.at("measure").get<std::string>();
  return wrapped(measure + ":", head_of(entry, step), 0) + parameters_text(entry) +
         pairs_text(entry) + (entry.at("notes").empty() ? "" : "\n") +
         notes_text(entry.at("notes"));
}

/// The measures that can be asked for: what the study is about, and every metric.
std::vector<std::string> known_measures(const History& history) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Measure& measure : report::explained_measures(history)) add(to_text(measure));
  add("energy");
  add("duration");
  if (history.problem().tariff.intensity) add("carbon");
  if (history.problem().tariff.price) add("cost");
  for (const std::string& metric : history.metric_names()) add(metric);
  return names;
}

std::vector<Measure> asked_measures(const History& history, const std::vector<std::string>& names) {
  if (names.empty()) return report::explained_measures(history);
  const auto known = known_measures(history);
  std::vector<Measure> measures;
  for (const std::string& name : names) {
    require_known("--objective", name, known);
    measures.push_back(trial::measure_from_text(name));
  }
  return measures;
}

Json importances(const History& history, const ImportanceOptions& options) {
  const auto method =
      options.method == "fanova" ? ImportanceMethod::Fanova : ImportanceMethod::PedAnova;
  Json list = Json::array();
  for (const Measure& measure : asked_measures(history, options.objectives)) {
    const bool is_asked = !options.objectives.empty();
    if (method == ImportanceMethod::PedAnova &&
        !report::good_direction(history.problem(), measure)) {
      if (!is_asked) continue;
      throw CommandError(
          ExitStatus::BadInput,
          fmt::format("--method ped-anova: the study does not say whether more or less {} is good; "
                      "take --method fanova, or one of its objectives",
                      to_text(measure)));
    }
    list.push_back(
        report::to_json(history.problem(), report::importance(history, measure, method)));
  }
  return list;
}

void show(const ImportanceOptions& options) {
  const report::StudyRecord record = read_study(find_database(options.study));
  const Json list = importances(record.history, options);
  if (options.as_json) {
    fmt::print("{}\n", list.dump(2));
    return;
  }
  std::string text;
  for (const Json& entry : list) {
    text += (text.empty() ? "" : "\n") +
            importance_text(entry, step_words(record.history.problem(), entry.at("step")));
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

void add_importance(const Command& program) {
  const Command command = program.add(
      "importance", "Show which parameters matter, alone and together, for each objective");
  const auto options = std::make_shared<ImportanceOptions>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.option("--objective", options->objectives,
                 "explain this instead: an objective, energy, duration or any metric");
  command
      .option("--method", options->method,
              "fanova: shares of the variance over the whole space; ped-anova: what the best "
              "tenth has in common")
      .one_of({"fanova", "ped-anova"})
      .shows_default();
  command.flag("--json", options->as_json, "print JSON (docs/report-data.md)");
  command.footer(
      "Examples:\n  wattune importance\n  wattune importance study.yaml --objective energy\n"
      "  wattune importance runs/mnist.db --method ped-anova --json\n");
  command.on_call([options] { show(*options); });
}

}  // namespace wattune::cli
