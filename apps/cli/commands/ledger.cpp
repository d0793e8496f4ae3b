#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "command.hpp"
#include "reading.hpp"
#include "study_reader.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"

namespace wattune::cli {
namespace {

/// "carbon    330 mg ± 198 mg CO2e (DEU 2023, ...)".
std::string carbon_line(const Json& carbon) {
  const bool is_known = !carbon.at("value").is_null();
  return fmt::format("carbon    {} ({})\n",
                     is_known ? fmt::format("{} ± {} CO2e", si_text(carbon.at("value"), "g"),
                                            si_text(carbon.at("uncertainty"), "g"))
                              : "unknown",
                     carbon.at("basis").get<std::string>());
}

std::string cost_line(const Json& cost) {
  const bool is_known = !cost.at("value").is_null();
  const auto currency = cost.at("currency").get<std::string>();
  return fmt::format("cost      {} ({})\n",
                     is_known
                         ? fmt::format("{:.3g} {} ± {:.3g} {}", cost.at("value").get<double>(),
                                       currency, cost.at("uncertainty").get<double>(), currency)
                         : "unknown",
                     cost.at("basis").get<std::string>());
}

/// Beside the carbon of the energy, never in it.
std::string embodied_line(const Json& embodied) {
  return fmt::format("embodied  {} CO2e, not in the carbon above ({})\n",
                     si_text(embodied.at("value"), "g"), embodied.at("basis").get<std::string>());
}

std::string footprint_text(const Json& ledger) {
  std::string text;
  if (!ledger.at("carbon").is_null()) text += carbon_line(ledger.at("carbon"));
  if (!ledger.at("cost").is_null()) text += cost_line(ledger.at("cost"));
  if (!ledger.at("embodied").is_null()) text += embodied_line(ledger.at("embodied"));
  for (const auto& note : ledger.at("footprint_notes")) text += note.get<std::string>() + "\n";
  return text.empty() ? text : "\n" + text;
}

/// The figure of other books, with all that sets it apart: it is no line of the table.
std::string carbontracker_text(const Json& figure) {
  std::string text =
      fmt::format("\nBy the books of Carbontracker {}: ", figure.at("release").get<std::string>());
  if (figure.at("value").is_null()) {
    text += "unknown, as the energy of some trainings is missing\n";
  } else {
    text += fmt::format("{} for {} epochs of training, with a PUE of {} ({} without)\n",
                        si_text(figure.at("value"), "Wh"), figure.at("num_epochs").dump(),
                        number_cell(figure.at("pue")), si_text(figure.at("without_pue"), "Wh"));
    if (figure.at("num_copied") > 0) {
      text += fmt::format("epochs without a sample, which have their neighbour's power: {}\n",
                          figure.at("num_copied").dump());
    }
    if (figure.at("num_unseen") > 0) {
      text += fmt::format("epochs of trainings without any sample, which are not in it: {}\n",
                          figure.at("num_unseen").dump());
    }
  }
  for (const auto& difference : figure.at("differs")) {
    text += fmt::format("- {}\n", difference.get<std::string>());
  }
  return text;
}

/// "Probing and exploring took 62 % of it."
std::string explored_text(const Json& stages) {
  if (stages.is_null() || stages.at("explored_share").is_null()) return "";
  return fmt::format("Probing and exploring took {:.0f} % of it, what failed included.\n",
                     100.0 * stages.at("explored_share").get<double>());
}

std::string ledger_text(const Json& document) {
  const Json& ledger = document.at("ledger");
  const Json& total = ledger.at("total");
  const bool is_known = !total.at("value").is_null();
  TextTable table{{"where the joules went", "energy", "share", "trials", "machine meanwhile"}};
  const auto add = [&](const std::string& label, const Json& figure, const Json& num_trials,
                       const Json& node) {
    std::string share = "–";
    if (is_known && !figure.at("value").is_null() && total.at("value").get<double>() > 0.0) {
      share = fmt::format(
          "{:.1f} %", 100.0 * figure.at("value").get<double>() / total.at("value").get<double>());
    }
    table.add({label, figure_cell(figure), share, number_cell(num_trials),
               node.is_null() ? "" : figure_cell(node)});
  };
  for (const Json& entry : ledger.at("entries")) {
    add(entry.at("label"), entry.at("energy"), entry.value("num_trials", Json(nullptr)),
        entry.value("node_energy", Json(nullptr)));
  }
  add("Total", total, nullptr, nullptr);
  std::string text = table.text();
  text += footprint_text(ledger);
  for (const auto& note : ledger.at("notes")) text += "\n" + note.get<std::string>() + "\n";
  text += "\n" + ledger.at("sentence").get<std::string>() + "\n";
  text += explored_text(ledger.at("stages"));
  if (ledger.contains("carbontracker")) text += carbontracker_text(ledger.at("carbontracker"));
  return text;
}

}  // namespace

void add_ledger(const Command& program) {
  struct Options {
    ReadingOptions reading;
    bool with_carbontracker = false;
    int release = 2;
    std::optional<double> pue;
  };
  const Command command =
      program.add("ledger", "Show where every joule went and when the search has paid for itself");
  const auto options = std::make_shared<Options>();
  command.option("study", options->reading.study,
                 "study file or database; the newest in runs/ where left out");
  command.flag("--json", options->reading.as_json, "print JSON (docs/report-data.md)");
  command.flag("--carbontracker", options->with_carbontracker,
               "also what the trainings cost by the books of Carbontracker");
  command.option("--release", options->release, "of Carbontracker: 1 is v1.2.5, 2 is v2.0.0")
      .between(1, 2)
      .needs("--carbontracker");
  command.option("--pue", options->pue, "instead of the release's own")
      .between(1.0, 10.0)
      .needs("--carbontracker");
  command.footer(
      "Examples:\n  wattune ledger\n  wattune ledger study.yaml --carbontracker --pue 1.2\n"
      "  wattune ledger runs/mnist.db --json\n");
  command.on_call([options] {
    std::optional<report::CarbontrackerOptions> carbontracker;
    if (options->with_carbontracker) {
      carbontracker.emplace();
      carbontracker->pue = options->pue;
      if (options->release == 1) carbontracker->release = report::CarbontrackerRelease::V1;
    }
    const Json document = document_of(read_study(find_database(options->reading.study)),
                                      Insight::Without, carbontracker);
    const std::string out =
        options->reading.as_json ? document.at("ledger").dump(2) + "\n" : ledger_text(document);
    std::fwrite(out.data(), 1, out.size(), stdout);
  });
}

}  // namespace wattune::cli
