#include <fmt/format.h>

#include "command.hpp"
#include "reading.hpp"
#include "text_table.hpp"

namespace wattune::cli {
namespace {

/// "DEU 2023, "; empty where the user gave an intensity of their own.
std::string zone_text(const Json& carbon) {
  const Json& zone = carbon.at("zone");
  if (!zone.is_string() || zone.get<std::string>().empty()) return {};
  return fmt::format("{} {}, ", zone.get<std::string>(), carbon.at("year").get<int>());
}

std::string ledger_text(const Json& document) {
  const Json& ledger = document.at("ledger");
  const Json& total = ledger.at("total");
  const bool is_known = !total.at("value").is_null();
  TextTable table{{"where the joules went", "energy", "share", "trials"}};
  const auto add = [&](const std::string& label, const Json& figure, const Json& num_trials) {
    std::string share = "–";
    if (is_known && !figure.at("value").is_null() && total.at("value").get<double>() > 0.0) {
      share = fmt::format(
          "{:.1f} %", 100.0 * figure.at("value").get<double>() / total.at("value").get<double>());
    }
    table.add({label, figure_cell(figure), share, number_cell(num_trials)});
  };
  for (const Json& entry : ledger.at("entries")) {
    add(entry.at("label"), entry.at("energy"), entry.value("num_trials", Json(nullptr)));
  }
  add("Total", total, nullptr);
  std::string text = table.text();
  if (const Json& carbon = ledger.at("carbon"); !carbon.is_null()) {
    text += fmt::format("\ncarbon  {:.3g} g CO2e ({}{:.4g} g/kWh, PUE {:.3g}; {})\n",
                        carbon.at("value").get<double>(), zone_text(carbon),
                        carbon.at("intensity").get<double>(), carbon.at("pue").get<double>(),
                        carbon.at("source").get<std::string>());
  }
  if (const Json& cost = ledger.at("cost"); !cost.is_null()) {
    text += fmt::format("cost    {:.3g} {} ({:.3g} per kWh, PUE {:.3g})\n",
                        cost.at("value").get<double>(), cost.at("currency").get<std::string>(),
                        cost.at("price_per_kwh").get<double>(), cost.at("pue").get<double>());
  }
  return text + "\n" + ledger.at("sentence").get<std::string>() + "\n";
}

}  // namespace

void add_ledger(CLI::App& program) {
  add_reading_command(
      program, "ledger", "Show where every joule went and when the search has paid for itself",
      [](const Json& document) { return document.at("ledger"); }, ledger_text);
}

}  // namespace wattune::cli
