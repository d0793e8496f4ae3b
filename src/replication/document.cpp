#include "wattune/replication/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "figures_json.hpp"
#include "wattune/base/version.hpp"
#include "wattune/replication/analysis.hpp"
#include "wattune/replication/kinds.hpp"

namespace wattune::replication {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr double kSame = 1e-9;

Json table_json(const Table& table) {
  Json rows = Json::array();
  for (std::size_t row = 0; row < table.num_rows(); ++row) {
    Json cells = Json::array();
    for (const Cell& cell : table.row(row)) cells.push_back(cell_json(cell));
    rows.push_back(std::move(cells));
  }
  return {{"columns", table.columns()}, {"rows", std::move(rows)}};
}

std::string_view about_kind(std::string_view kind) {
  const auto kinds = analysis_kinds();
  const auto found = std::ranges::find(kinds, kind, &Kind::name);
  return found == kinds.end() ? std::string_view{} : found->about;
}

Json analysis_json(const Spec& spec, Workbook& book) {
  Finding finding = analyse(spec, book);
  Json analysis{{"name", spec.name},
                {"kind", spec.kind},
                {"title", spec.title},
                {"about", about_kind(spec.kind)}};
  if (!spec.of.empty()) analysis["of"] = spec.of;
  if (spec.where) analysis["where"] = spec.where->text();
  analysis.update(table_json(finding.table));
  analysis["notes"] = finding.notes;
  book.put(spec.name, std::move(finding.table));
  return analysis;
}

Json experiments_json(const Manifest& manifest, const Workbook& book) {
  Json list = Json::array();
  const Table* const table = book.find("experiments");
  for (std::size_t row = 0; table != nullptr && row < table->num_rows(); ++row) {
    Json entry = Json::object();
    for (const std::string& column : table->columns()) {
      entry[column] = cell_json(table->at(row, column));
    }
    const auto found = std::ranges::find(manifest.experiments,
                                         to_text(table->at(row, "experiment")), &Experiment::name);
    if (found != manifest.experiments.end()) entry["about"] = found->about;
    list.push_back(std::move(entry));
  }
  return list;
}

/// The machines and meters that the rows come from, each once.
Json provenance_json(const Manifest& manifest, const Workbook& book) {
  Json list = Json::array();
  for (const Experiment& experiment : manifest.experiments) {
    const Table* const table = book.find(experiment.name);
    if (table == nullptr || table->num_rows() == 0) continue;
    Json entry = Json::object();
    for (const char* column : {"machine", "cpu", "meters", "wattune"}) {
      entry[column] = cell_json(table->at(0, column));
    }
    if (std::ranges::find(list, entry) == list.end()) list.push_back(std::move(entry));
  }
  return list;
}

bool is_same(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number()) {
    const double first = left.get<double>();
    const double second = right.get<double>();
    return std::abs(first - second) <= kSame * std::max(std::abs(first), std::abs(second));
  }
  if (left.is_array() && right.is_array()) return std::ranges::equal(left, right, is_same);
  return left == right;
}

}  // namespace

Json evaluate(const Manifest& manifest, Scale scale, Workbook& book) {
  Json document{{"schema", kSchema},
                {"kind", "replication"},
                {"wattune", version()},
                {"name", manifest.name},
                {"title", manifest.title},
                {"about", manifest.about},
                {"scale", to_text(scale)},
                {"paper",
                 {{"title", manifest.paper.title},
                  {"authors", manifest.paper.authors},
                  {"venue", manifest.paper.venue},
                  {"link", manifest.paper.link}}},
                {"provenance", provenance_json(manifest, book)},
                {"experiments", experiments_json(manifest, book)}};
  document["analyses"] = Json::array();
  for (const Spec& spec : manifest.analyses) {
    document["analyses"].push_back(analysis_json(spec, book));
  }
  document["figures"] = Json::array();
  for (const Spec& spec : manifest.figures) document["figures"].push_back(figure_json(spec, book));
  document["checks"] = Json::array();
  for (const Spec& spec : manifest.checks) {
    const CheckResult result = check(spec, book);
    document["checks"].push_back(
        {{"claim", result.claim}, {"state", to_text(result.state)}, {"words", result.words}});
  }
  return document;
}

std::vector<std::string> differences(const Json& written, const Json& recomputed) {
  std::vector<std::string> words;
  const Json empty = Json::array();
  const Json& before = written.contains("analyses") ? written.at("analyses") : empty;
  for (const Json& analysis : recomputed.at("analyses")) {
    const auto same_name = [&](const Json& each) {
      return each.value("name", std::string{}) == analysis.at("name");
    };
    const std::string name = analysis.at("name").get<std::string>();
    const auto found = std::ranges::find_if(before, same_name);
    if (found == before.end()) {
      words.push_back(fmt::format("the summary has no analysis `{}`", name));
      continue;
    }
    const bool agrees = found->contains("rows") &&
                        found->value("columns", empty) == analysis.at("columns") &&
                        is_same(found->at("rows"), analysis.at("rows"));
    if (!agrees) {
      words.push_back(fmt::format("the summary's `{}` is not what its tables make of it", name));
    }
  }
  return words;
}

std::size_t num_broken(const Json& document) {
  return static_cast<std::size_t>(std::ranges::count_if(
      document.at("checks"), [](const Json& check) { return check.at("state") == "broken"; }));
}

}  // namespace wattune::replication
