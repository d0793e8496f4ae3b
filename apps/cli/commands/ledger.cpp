#include <fmt/format.h>

#include "command.hpp"
#include "reading.hpp"
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
  return text + "\n" + ledger.at("sentence").get<std::string>() + "\n";
}

}  // namespace

void add_ledger(const Command& program) {
  add_reading_command(
      program, "ledger", "Show where every joule went and when the search has paid for itself",
      [](const Json& document) { return document.at("ledger"); }, ledger_text);
}

}  // namespace wattune::cli
